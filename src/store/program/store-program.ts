import { isKeelsonError, UsageError } from '../../core/index.js'
import { storeAdmin } from '../admin/store-admin.js'
import { storeOf } from '../client/engine-client.js'
import type { Kind } from '../kind/kind.js'
import { fileDisk } from '../node/file-disk.js'
import { FrameCipher } from '../node/frame-cipher.js'
import { readKeys } from '../node/key-file.js'
import type { ReadStore } from '../node/read-only-store.js'
import { readStore, visitLog } from '../node/read-only-store.js'
import type { ObjectRef } from '../object/object.js'
import type { ProgramCommand } from './program-arguments.js'
import { PROGRAM_HELP, readProgramArguments } from './program-arguments.js'
import { copyBackup, restoreFile, writeBackupFile } from './program-backup.js'
import { followInto, followLog } from './program-follow.js'
import type { ProgramOutput } from './program-output.js'
import { EXIT_CODES } from './program-output.js'
import { inspectText, logLine } from './program-texts.js'

/** The program `keelson-store`; resolves with its exit code. */
export async function runStoreProgram(args: readonly string[], out: ProgramOutput): Promise<number> {
  const command = readProgramArguments(args)
  if (command.kind === 'help') {
    out.line(PROGRAM_HELP)
    return EXIT_CODES.fine
  }
  if (command.kind === 'wrong') {
    out.note(`${command.message}\n\n${PROGRAM_HELP}`)
    return EXIT_CODES.usage
  }
  try {
    return await perform(command, out)
  } catch (error) {
    if (!isKeelsonError(error)) throw error
    out.note(`error: ${error.message}`)
    if (error.code === 'Usage' || error.code === 'BadRequest') return EXIT_CODES.usage
    return error.code === 'Corrupt' || error.code === 'Unsupported' ? EXIT_CODES.damaged : EXIT_CODES.failed
  }
}

async function perform(command: ProgramCommand, given: ProgramOutput): Promise<number> {
  const { verb, dir, json } = command
  const { progress: _progress, ...silent } = given
  const out = json ? silent : given
  const keys = await readKeys(command.keys)
  if (verb === 'restore') return restoreFile(command, keys, out)
  if (verb === 'witness') return followInto(command, out)
  const disk = fileDisk(dir)
  const cipher = new FrameCipher(keys, '')
  const read = await readStore(disk, cipher)
  switch (verb) {
    case 'inspect':
      out.line(inspectText(read, json))
      return EXIT_CODES.fine
    case 'migrate':
      return copyBackup(read, command, { keys, out })
    case 'verify':
      return verify(read, command, out)
    case 'dump':
      for (const object of storeAdmin(storeOf(read.parts)).dump(dumpOptions(read, command)))
        out.line(JSON.stringify(object))
      return EXIT_CODES.fine
    case 'history':
      return history(read, command, out)
    case 'diff':
      return diff(read, command, out)
    case 'tail':
      if (command.follow)
        return followLog(disk, { incarnation: read.files.identity.incarnation, cipher }, command, out)
      await visitLog(disk, read.files, cipher, (entry, number) => {
        const text = logLine(entry, number, command)
        if (text !== undefined) out.line(text)
      })
      return EXIT_CODES.fine
    default:
      return writeBackupFile(read, command, out)
  }
}

function dumpOptions(read: ReadStore, { at, of, secrets }: ProgramCommand): object {
  return {
    secrets,
    ...(at === undefined ? {} : { revision: at }),
    ...(of === undefined ? {} : { kind: kindNamed(read, of) }),
  }
}

function verify({ parts, tornBytes }: ReadStore, { json }: ProgramCommand, out: ProgramOutput): number {
  const problems = storeAdmin(storeOf(parts)).verify()
  const { revision } = parts.engine
  if (json) out.line(JSON.stringify({ revision, tornBytes, problems }))
  else {
    for (const { text } of problems) out.line(text)
    const torn =
      tornBytes === 0 ? '' : `; ${tornBytes} bytes of a write that was cut off, and never acknowledged`
    out.line(
      `revision ${revision}: ${problems.length === 0 ? 'everything can be read' : `${problems.length} problems`}${torn}`,
    )
  }
  return problems.length === 0 ? EXIT_CODES.fine : EXIT_CODES.damaged
}

function history(read: ReadStore, { rest, json, secrets }: ProgramCommand, out: ProgramOutput): number {
  const [name = '', key = ''] = rest
  const kind = kindNamed(read, name)
  for (const state of storeAdmin(storeOf(read.parts)).history(kind, refOf(kind, key), { secrets })) {
    const { revision, type, actor, reason } = state
    const by = [actor, reason].filter(text => text !== undefined).join(': ')
    out.line(json ? JSON.stringify(state) : `${revision}\t${type}${by === '' ? '' : `\t${by}`}`)
  }
  return EXIT_CODES.fine
}

function diff(read: ReadStore, { rest, json, secrets }: ProgramCommand, out: ProgramOutput): number {
  const [from, to = read.parts.engine.revision] = rest.map(Number)
  for (const each of storeAdmin(storeOf(read.parts)).diff(from ?? 0, to, { secrets })) {
    const { type, kind, namespace, name, patch } = each
    const ref = namespace === undefined ? name : `${namespace}/${name}`
    out.line(json ? JSON.stringify(each) : `${type}\t${kind}\t${ref}`)
    if (!json && type === 'MODIFIED')
      for (const operation of patch) out.line(`\t${JSON.stringify(operation)}`)
  }
  return EXIT_CODES.fine
}

function kindNamed({ parts }: ReadStore, name: string): Kind {
  const { all } = parts.engine.tables
  const found = all.find(
    ({ kind: { apiVersion, kind } }) => kind === name || `${apiVersion}/${kind}` === name,
  )
  if (found === undefined) {
    const known = all.map(({ kind }) => kind.kind).join(', ')
    throw new UsageError(`there is no kind ${name} in it; there are ${known || 'none'}`, { kind: name })
  }
  return found.kind
}

function refOf({ namespaced, kind }: Kind, key: string): ObjectRef {
  const at = key.indexOf('/')
  if (!namespaced) return { name: key }
  if (at < 0) throw new UsageError(`${kind} ${key} needs its namespace: namespace/name`, { key })
  return { namespace: key.slice(0, at), name: key.slice(at + 1) }
}
