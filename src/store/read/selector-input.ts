import type { LabelSelector, LabelSelectorObject } from '../../core/index.js'

/** Kubernetes' text grammar (`app=web,tier in (a,b)`), its object form, or a compiled selector. */
export type LabelSelectorInput = string | LabelSelector | LabelSelectorObject
