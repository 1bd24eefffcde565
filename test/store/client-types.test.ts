import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'client-types-'))

afterAll(() => rmSync(folder, { recursive: true }))

/** A member that nothing may have in the place of any member of a client. */
const SABOTAGE = '(kind: number, ref: Date) => 42;'

/** Members of a contract, as a class gives them. */
const MEMBER = /readonly (\w+): (?:Writer|Client|Store|Transaction)\['\1'\] = ([\s\S]*?)(?=\n\n|\n\})/g

interface Copy {
  readonly member: string
  readonly file: string
}

/** Copies of a file, in each of which one member is sabotaged. */
function sabotagedCopies(path: string): readonly Copy[] {
  const text = readFileSync(join(root, path), 'utf8')
  const imported = text.replaceAll(/from '(\.[^']+)'/g, (_all, specifier: string) => {
    return `from '${resolve(root, dirname(path), specifier)}'`
  })
  return [...imported.matchAll(MEMBER)].map(({ 0: whole, 1: member = '', 2: given = '', index }) => {
    const start = index + whole.length - given.length
    const file = `${path.replaceAll('/', '_').replace('.ts', '')}_${member}.ts`
    writeFileSync(
      join(folder, file),
      imported.slice(0, start) + SABOTAGE + imported.slice(start + given.length),
    )
    return { member, file }
  })
}

/** What the compiler says about the files of the folder. */
function compiled(): string {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { noEmit: true, typeRoots: [join(root, 'node_modules/@types')], rootDir: '/' },
    include: [join(folder, '*.ts')],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(root, 'node_modules/typescript/lib/tsc.js')
  return spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' }).stdout
}

describe('the members of clients and transactions', () => {
  const copies = [
    'src/store/client/writer-verbs.ts',
    'src/store/client/engine-client.ts',
    'src/store/client/delegating-client.ts',
    'src/store/transaction/run-transaction.ts',
  ].flatMap(sabotagedCopies)

  test('are all of them', () => {
    expect(copies.map(({ member }) => member).toSorted()).toEqual(
      [
        ...['create', 'update', 'updateStatus', 'modify', 'modifyStatus', 'patch', 'delete'],
        ...['create', 'update', 'updateStatus', 'modify', 'modifyStatus', 'patch', 'delete'],
        ...['transact', 'optimistic', 'get', 'list', 'count', 'get', 'list', 'count', 'snapshot'],
        ...['watch', 'watch', 'client', 'compact', 'history', 'close', 'countBy', 'countBy', 'quotaUse'],
      ].toSorted(),
    )
  })

  test('cannot be of another type', { timeout: 120_000 }, () => {
    const wrong = compiled()
      .split('\n')
      .filter(line => /error TS/.test(line))
    const refused = copies.filter(({ file }) =>
      wrong.some(line => line.includes(file) && /TS2322/.test(line)),
    )
    expect(copies.filter(copy => !refused.includes(copy))).toEqual([])
    // Nothing else is wrong, so that it is the member that is refused.
    expect(wrong.filter(line => !line.includes('TS2322'))).toEqual([])
  })
})
