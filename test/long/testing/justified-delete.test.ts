import { expect, test } from 'vitest'
import { failureIn } from '../../testing/fixtures/apps.js'
import { unjustified } from '../../testing/fixtures/draining-apps.js'

test.each(['client', 'cache'] as const)(
  'a deletion by what was read before the owner changed is found from the first seed on, over a %s',
  async reads => {
    const { make, options, says } = unjustified(reads)
    expect((await failureIn(make, { ...options, executions: 600 })).message).toMatch(says)
  },
)
