import { test } from 'vitest'
import { faultsProperty } from './faults-property.js'

test('whatever happens in between, nothing is lost, nothing is twice, and everybody agrees in the end', () =>
  faultsProperty(12))
