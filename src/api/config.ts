import type { Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { configMapSpecSchema, objectSchema, secretSpecSchema } from './spec-schemas.js'

/** Settings in the clear. */
export interface ConfigMapSpec {
  readonly data: Readonly<Record<string, string>>
}

export type ConfigMap = StoredObject<ConfigMapSpec, never>

/** Named settings. */
export const ConfigMap: Kind<ConfigMapSpec, never> = /* @__PURE__ */ defineKind<ConfigMapSpec, never>({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
  schema: /* @__PURE__ */ objectSchema(configMapSpecSchema),
})

/** Values not to be shown. */
export interface SecretSpec {
  /** For example `Opaque`. */
  readonly type: string
  /** Base64. */
  readonly data: Readonly<Record<string, string>>
}

export type Secret = StoredObject<SecretSpec, never>

/** Named values not to be shown. */
export const Secret: Kind<SecretSpec, never> = /* @__PURE__ */ defineKind<SecretSpec, never>({
  apiVersion: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
  schema: /* @__PURE__ */ objectSchema(secretSpecSchema),
})
