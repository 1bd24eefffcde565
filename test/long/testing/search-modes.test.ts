import { foundByMode } from '../../testing/simulation/search/found-by-mode.js'

foundByMode('pct', 'missing expectations')
foundByMode('pct', 'stale read, then delete')
foundByMode('guided', 'missing expectations')
foundByMode('guided', 'finalizer race')
