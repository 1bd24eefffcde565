import type { Stage } from '../frame/profile.js'

/** Where the time of an execution goes: what runs in production too, then what is of the simulator. */
export const SIMULATOR_STAGES: readonly Stage[] = [
  { name: 'parts: start of a process', frames: /world\/world\.ts start$/ },
  {
    name: 'parts: writes of the user',
    frames: /world\/user\.ts #(create|edit|restore|put|remove|delete|touch)$|world\/collector\.ts run$/,
  },
  { name: 'parts: writes', frames: /store\/client\/write-path\.ts/ },
  { name: 'parts: deliveries', frames: /store\/engine\/delivery-steps\.ts/ },
  { name: 'parts: control loop, with the code under test', frames: /^src\/reconcile\/|bench\/threads\// },
  { name: 'simulator: a world is made', frames: /run\/world-place\.ts|run\/driver\.ts Driver$/ },
  { name: 'simulator: a world is left', frames: /world\.ts crash|driver\.ts close$/ },
  { name: 'simulator: what may happen next', frames: /actions\/(available-actions|action-list)\.ts/ },
  { name: 'simulator: what is chosen', frames: /simulation\/choices\// },
  { name: 'simulator: keys of states', frames: /run\/(state-key|normalized-text)\.ts/ },
  { name: 'simulator: steps are judged', frames: /run\/driver\.ts #note$/ },
  { name: 'simulator: the rest is judged', frames: /driver\.ts judgeRest$|execute\.ts (restOf|siteOf)$/ },
  { name: 'simulator: search', frames: /simulation\/(search|report|threads)\/|simulation\/check\.ts/ },
  { name: 'parts: the store besides', frames: /^src\/store\// },
  {
    name: 'simulator: turns of the event loop',
    frames: /host\/event-loop\.ts|^node:internal\/(timers|process)/,
  },
  { name: 'simulator: steps besides', frames: /^src\/(testing|core)\// },
]
