import { describe, expect, test } from 'vitest'
import { formatFieldsV1, parseFieldsV1 } from '../../../src/store/apply/fields-v1.js'

/** As `kubectl get --show-managed-fields -o json` prints them. */
const PRINTED: readonly [string, string, string][] = [
  [
    'a Deployment made by kubectl create',
    `{"f:spec":{"f:progressDeadlineSeconds":{},"f:replicas":{},"f:selector":{},"f:strategy":{"f:rollingUpdate":{".":{},
      "f:maxSurge":{},"f:maxUnavailable":{}},"f:type":{}},"f:template":{"f:metadata":{"f:labels":{".":{},"f:app":{}}},
      "f:spec":{"f:containers":{"k:{\\"name\\":\\"nginx\\"}":{".":{},"f:image":{},"f:name":{},"f:ports":{".":{},
      "k:{\\"containerPort\\":80,\\"protocol\\":\\"TCP\\"}":{".":{},"f:containerPort":{},"f:protocol":{}}},
      "f:resources":{}}},"f:dnsPolicy":{}}}}}`,
    'spec{progressDeadlineSeconds replicas selector strategy{rollingUpdate+{maxSurge maxUnavailable} type} ' +
      'template{metadata{labels+{app}} spec{containers{[name="nginx"]+{image name ' +
      'ports+{[containerPort=80,protocol="TCP"]+{containerPort protocol}} resources}} dnsPolicy}}}',
  ],
  [
    'a ConfigMap that was applied, with names that need quotes',
    `{"f:data":{"f:nginx.conf":{}},"f:metadata":{"f:annotations":{"f:example.io/note":{}},"f:labels":{"f:app":{}}}}`,
    'data{["nginx.conf"]} metadata{annotations{["example.io/note"]} labels{app}}',
  ],
  [
    'finalizers and owners',
    `{"f:metadata":{"f:finalizers":{".":{},"v:\\"kubernetes.io/pvc-protection\\"":{}},
      "f:ownerReferences":{".":{},"k:{\\"uid\\":\\"0b7f\\"}":{}}}}`,
    'metadata{finalizers+{[="kubernetes.io/pvc-protection"]} ownerReferences+{[uid="0b7f"]}}',
  ],
  [
    'the status of a Node',
    `{"f:status":{"f:conditions":{"k:{\\"type\\":\\"Ready\\"}":{"f:lastHeartbeatTime":{},"f:status":{}}}}}`,
    'status{conditions{[type="Ready"]{lastHeartbeatTime status}}}',
  ],
  [
    'numbers, booleans and places',
    `{"f:a":{"v:1":{},"v:true":{}},"f:b":{"i:0":{"f:x":{}}}}`,
    'a{[=1] [=true]} b{[0]{x}}',
  ],
  ['nothing', '{}', ''],
]

describe('FieldsV1', () => {
  test.each(PRINTED)('%s is read, and written as it was', (_what, printed, text) => {
    const fieldsV1 = JSON.parse(printed) as object
    expect(parseFieldsV1(fieldsV1)).toBe(text)
    expect(formatFieldsV1(text)).toEqual(fieldsV1)
  })

  const refused: readonly [unknown, string][] = [
    [null, 'fieldsV1'],
    [[], 'fieldsV1'],
    [{ 'f:spec': 1 }, 'fieldsV1 f:spec'],
    [{ spec: {} }, 'fieldsV1 spec'],
    [{ 'f:spec': { 'k:{}': {} } }, 'fieldsV1 f:spec k:{}'],
    [{ 'k:{"a":{}}': {} }, 'fieldsV1 k:{"a":{}}'],
    [{ 'k:{"a"': {} }, 'fieldsV1 k:{"a"'],
    [{ 'v:{}': {} }, 'fieldsV1 v:{}'],
    [{ 'i:x': {} }, 'fieldsV1 i:x'],
  ]
  test.each(refused)('%j is refused', (fieldsV1, field) => {
    expect(() => parseFieldsV1(fieldsV1)).toThrow(
      expect.objectContaining({ code: 'Invalid', problems: [expect.objectContaining({ field })] }),
    )
  })

  test('an object that contains itself is refused', () => {
    const endless: Record<string, unknown> = {}
    endless['f:x'] = endless
    expect(() => parseFieldsV1(endless)).toThrow(expect.objectContaining({ code: 'Invalid' }))
  })
})
