import {
  Deployment,
  DeploymentGroup,
  isTaskActive,
  ReplicaSet,
  Revision,
  Task,
} from '../../../src/api/index.js'
import { createGroupController, createRolloutController, rolloutStatus } from '../../../src/rollout/index.js'
import type { ObjectInput, Reader } from '../../../src/store/index.js'
import { createReplicaController } from '../../../src/workloads/index.js'
import { kubelet } from './neighbours.js'
import type { OwnCase } from './own-case.js'
import { runUnderCheck } from './own-case.js'
import { onChange, whenAtRest } from './write-law.js'

const shop = { namespace: 'default', name: 'shop' }

function member(name: string, command: string, ...dependsOn: readonly string[]) {
  const labels = { app: name }
  const template = { metadata: { labels }, spec: { command: [command] } }
  return {
    name,
    dependsOn,
    spec: { replicas: 1, selector: { matchLabels: labels }, template, onFailure: 'continue' as const },
  }
}

const membersOf = (command: string) => [member('db', command), member('web', command, 'db')]
const group: ObjectInput = { kind: 'DeploymentGroup', metadata: shop, spec: { members: membersOf('one') } }

const commandOf = (one: Deployment): string | undefined => one.spec.template.spec.command?.[0]
const deploymentOf = (reader: Reader, name: string): Deployment | undefined =>
  reader.get(Deployment, { namespace: 'default', name })
const hasArrived = (reader: Reader): boolean =>
  reader.get(DeploymentGroup, shop)?.status?.phase === 'succeeded'

const cases: readonly OwnCase[] = [
  {
    name: 'group of two Deployments, one of which depends on the other',
    make: () => [createGroupController(), createRolloutController(), createReplicaController(), kubelet()],
    options: {
      kinds: [DeploymentGroup, Deployment, ReplicaSet, Revision, Task],
      objects: [group],
      faults: { edit: 0, remove: 0 },
      incidents: [
        {
          name: 'the user wants another version of both',
          when: hasArrived,
          run: ({ store }) =>
            store.modify(
              DeploymentGroup,
              shop,
              draft => void Object.assign(draft.spec, { members: membersOf('two') }),
            ),
        },
      ],
      // Whether the second version is asked for at all is history.
      except: ['levelTriggered', 'historyInsensitive', 'crashConvergent', 'converges'],
      invariants: [
        onChange('what depends on another changes after it', Deployment, ({ now }, { reader }) => {
          if (now?.metadata.name !== 'web') return true
          const db = deploymentOf(reader, 'db')
          return db !== undefined && (commandOf(db) === commandOf(now) || commandOf(db) === 'two')
        }),
        whenAtRest('both are what is wanted', reader =>
          reader.list(DeploymentGroup).items.every(
            ({ spec, status }) =>
              status?.phase === 'succeeded' &&
              spec.members.every(({ name, spec: wanted }) => {
                const there = deploymentOf(reader, name)
                return (
                  there !== undefined &&
                  rolloutStatus(there).done &&
                  commandOf(there) === wanted.template.spec.command?.[0]
                )
              }),
          ),
        ),
        whenAtRest(
          'no task is left over',
          reader => reader.list(Task).items.filter(isTaskActive).length === 2,
        ),
      ],
    },
    share: 0.1,
  },
]

runUnderCheck(cases)
