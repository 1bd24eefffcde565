import { expect, test } from 'vitest'
import { replayChoices } from '../../../../src/testing/simulation/choices/replay-choices.js'
import { execute } from '../../../../src/testing/simulation/run/execute.js'
import { setupOf } from '../../../../src/testing/simulation/setup/simulate-options.js'
import { galleryEntry } from '../../gallery/gallery.js'

const { correct, kinds, objects } = galleryEntry('crash between two writes')
const ways = [[], [1], ...[1, 3, 5].flatMap(at => [2, 4, 7, 9].map(choice => [...Array(at).fill(0), choice]))]

test('what else could happen on the undisturbed way is not worked out, and comes to the same', async () => {
  let disturbed = 0
  for (const choices of ways) {
    const setup = setupOf(correct, { kinds, objects }, 1)
    const replay = replayChoices(choices)
    const asked = await execute(setup, { choose: actions => replay.choose(actions) })
    const over = await execute(setup, replayChoices(choices))
    expect(over.trace).toEqual(asked.trace)
    expect(over.state).toEqual(asked.state)
    expect(over.violation).toEqual(asked.violation)
    // The first choice of all is the ending.
    expect(over.choices).toEqual(asked.choices.slice(0, Math.max(1, choices.length)))
    if (over.trace.some(({ isFault }) => isFault)) disturbed++
  }
  expect(disturbed).toBeGreaterThan(3)
})
