import { isKeelsonError } from '../../core/index.js'
import type { Disk } from '../node/disk.js'
import { fileDisk } from '../node/file-disk.js'
import { FrameCipher } from '../node/frame-cipher.js'
import { readKeys } from '../node/key-file.js'
import { readEntries, readStore } from '../node/read-only-store.js'
import { tellDiff, tellHistory, tellObjects, tellProblems } from './look-commands.js'
import type { ProgramCommand } from './program-arguments.js'
import { PROGRAM_HELP, PROGRAM_USAGE, readProgramArguments } from './program-arguments.js'
import { copyBackup, intoDirectory, restoreFile, writeBackupFile } from './program-backup.js'
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
  if (command.kind === 'version') {
    out.line(out.version?.() ?? 'unknown')
    return EXIT_CODES.fine
  }
  if (command.kind === 'wrong') {
    out.note(`error: ${command.message}\n${PROGRAM_USAGE}; --help tells more`)
    return EXIT_CODES.usage
  }
  try {
    return await perform(command, out)
  } catch (error) {
    if (!isKeelsonError(error)) throw error
    out.note(`error: ${error.message}`)
    if (isKeelsonError(error, 'Usage', 'BadRequest', 'Invalid')) return EXIT_CODES.usage
    return error.code === 'Corrupt' || error.code === 'Unsupported' ? EXIT_CODES.damaged : EXIT_CODES.failed
  }
}

async function tellLog(
  disk: Disk,
  cipher: FrameCipher,
  command: ProgramCommand,
  out: ProgramOutput,
): Promise<number> {
  if (command.follow) return followLog(disk, cipher, command, out)
  await readEntries(disk, cipher, (entry, number) => {
    const text = logLine({ ...entry, entry: number }, command)
    if (text !== undefined) out.line(text)
  })
  return EXIT_CODES.fine
}

async function perform(command: ProgramCommand, given: ProgramOutput): Promise<number> {
  const { verb, dir, json } = command
  const { progress: _progress, ...silent } = given
  const out = json ? silent : given
  const keys = await readKeys(command.keys)
  if (command.etcd !== undefined) {
    // Who has directories only does not load the client of etcd.
    const { performOnEtcd } = await import('./etcd-program.js')
    return performOnEtcd(command, { place: command.etcd, keys, out })
  }
  if (verb === 'restore') return restoreFile(command, keys, intoDirectory(dir, keys, { json, out }))
  if (verb === 'witness') return followInto(command, out)
  const disk = fileDisk(dir)
  const cipher = new FrameCipher(keys, '')
  if (verb === 'tail') return tellLog(disk, cipher, command, out)
  const isOfPast = verb === 'history' || verb === 'diff' || command.at !== undefined
  const read = await readStore(disk, cipher, isOfPast ? { logCapacity: Number.MAX_SAFE_INTEGER } : {})
  switch (verb) {
    case 'inspect':
      out.line(inspectText(read, json))
      return EXIT_CODES.fine
    case 'migrate':
      return copyBackup(read, intoDirectory(command.rest[0] ?? '', keys, { json, out }))
    case 'verify':
      return tellProblems(read, command, out)
    case 'dump':
      return tellObjects(read, command, out)
    case 'history':
      return tellHistory(read, command, out)
    case 'diff':
      return tellDiff(read, command, out)
    default:
      return writeBackupFile(read, command, out)
  }
}
