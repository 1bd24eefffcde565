import { Lease, Node, Task } from '../../../src/api/index.js'
import { runUnderCheck } from '../../testing/own/own-case.js'
import { onChange } from '../../testing/own/write-law.js'
import { beating, heartbeat, lifecycle, silentNode } from '../../testing/own/zone-nodes.js'

runUnderCheck([
  {
    name: 'nothing leaves a small zone of which most is silent, whichever of two loops looks',
    make: () => [heartbeat(), lifecycle()],
    options: {
      kinds: [Node, Lease, Task],
      instances: 2,
      objects: [
        silentNode('s1'),
        silentNode('s2'),
        silentNode('s3'),
        { kind: 'Task', metadata: { namespace: 'default', name: 'a' }, spec: { nodeName: 's1' } },
      ],
      faults: { remove: 0, edit: 0 },
      except: beating,
      invariants: [
        onChange(
          'a task stays as long as its zone',
          Task,
          ({ now }, { reader }) => now !== undefined || reader.count(Node) < 4,
        ),
      ],
    },
    share: 0.5,
  },
])
