import { KeelsonError } from '../core/index.js'

/** The scheduler knows no node of that name. */
export class NodeNotFoundError extends KeelsonError<'NotFound'> {
  constructor(node: string) {
    super({
      code: 'NotFound',
      message: `node ${node} is not known to the scheduler; add it with addNode`,
      details: { kind: 'Node', name: node },
    })
  }
}

/** The scheduler has a node of that name already. */
export class NodeExistsError extends KeelsonError<'AlreadyExists'> {
  constructor(node: string) {
    super({
      code: 'AlreadyExists',
      message: `node ${node} is known to the scheduler already; change it with updateNode`,
      details: { kind: 'Node', name: node },
    })
  }
}

/** A task of that key is placed already. */
export class TaskPlacedError extends KeelsonError<'AlreadyExists'> {
  constructor(key: string, node: string) {
    super({
      code: 'AlreadyExists',
      message: `task ${key} is placed on node ${node} already; remove it with removeTask first`,
      details: { kind: 'Task', name: key, node },
    })
  }
}
