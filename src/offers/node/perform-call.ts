import type { SchedulerCall, TaskQuestion } from './scheduler-call.js'
import { outcomeEvents, updateEvent } from './scheduler-event.js'
import type { SchedulerStream } from './scheduler-stream.js'

/**
 * Does a call of a framework that is subscribed. What comes of it arrives in its stream.
 *
 * @throws InvalidError, UsageError or KeelsonError as the session does
 */
export async function performCall(
  stream: SchedulerStream,
  call: Exclude<SchedulerCall, { readonly type: 'SUBSCRIBE' }>,
  nowMs: () => number,
): Promise<void> {
  const { session } = stream
  switch (call.type) {
    case 'ACCEPT':
      return await accept(stream, call, nowMs)
    case 'DECLINE':
      return session.decline(call.offers, call.refuseMs === undefined ? {} : { refuseMs: call.refuseMs })
    case 'ACKNOWLEDGE':
      stream.acknowledge(call.task, call.uuid)
      return
    case 'KILL': {
      const { graceMs } = call
      const isKilled = session.kill(call.task.id, graceMs === undefined ? {} : { graceMs })
      if (!isKilled) tell(stream, [call.task])
      return
    }
    case 'RECONCILE':
      return tell(stream, call.tasks)
    case 'REVIVE':
      return session.revive(...call.roles)
    case 'SUPPRESS':
      return session.suppress(...call.roles)
    case 'TEARDOWN':
      return session.teardown()
  }
}

async function accept(
  stream: SchedulerStream,
  { offers, operations, refuseMs }: Extract<SchedulerCall, { readonly type: 'ACCEPT' }>,
  nowMs: () => number,
): Promise<void> {
  const options = refuseMs === undefined ? {} : { refuseMs }
  const outcomes = await stream.session.accept(
    offers,
    operations.map(({ operation }) => operation),
    options,
  )
  for (const [index, outcome] of outcomes.entries()) {
    const called = operations[index]
    if (called !== undefined) for (const event of outcomeEvents(called, outcome, nowMs())) stream.send(event)
  }
}

/** The states of these tasks, or of all. */
function tell(stream: SchedulerStream, tasks: readonly TaskQuestion[]): void {
  for (const update of stream.session.reconcile(tasks.length === 0 ? undefined : tasks))
    stream.send(updateEvent(update))
}
