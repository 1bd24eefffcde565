// Writes one declaration file per subpath into the folder given: what it exports and what that needs, with the
// documentation. Areas meet at their index files only, so a type of another area stays an import of that subpath and
// is declared once in the package.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, posix, relative } from 'node:path'
import { CompilerState, Extractor, ExtractorConfig } from '@microsoft/api-extractor'
import { root, subpaths } from './subpaths.mjs'

const entries = subpaths()
const quiet = { logLevel: 'none', addToApiReportFile: false }

/** @param {string} raw what tsc emitted, one file per source @param {string} outDir gets one file per subpath */
export function rollUpDeclarations(raw, outDir) {
  mkdirSync(join(root, 'temp'), { recursive: true })
  const scratch = mkdtempSync(join(root, 'temp/types-'))
  try {
    // Found under node_modules, a subpath is another package to the extractor, whose types it does not copy.
    const installed = join(scratch, 'node_modules/keelson')
    cpSync(raw, installed, { recursive: true })
    const exports = Object.fromEntries(entries.map(entry => [entry.subpath, `./${entry.output}.d.ts`]))
    writeFileSync(
      join(installed, 'package.json'),
      JSON.stringify({ name: 'keelson', version: '0.0.0', type: 'module', exports }),
    )
    writeFileSync(
      join(scratch, 'package.json'),
      JSON.stringify({ name: 'rolled-up', version: '0.0.0', type: 'module' }),
    )
    const types = join(scratch, 'types')
    cpSync(raw, types, { recursive: true })
    nameSubpaths(types)
    const configs = entries.map(entry => ({ entry, config: configOf(scratch, types, entry) }))
    const compilerState = CompilerState.create(configs[0].config, {
      additionalEntryPoints: configs.map(({ config }) => config.mainEntryPointFilePath),
    })
    const declaredIn = new Map()
    for (const { entry, config } of configs) {
      const { errorCount } = Extractor.invoke(config, {
        localBuild: true,
        compilerState,
        messageCallback: onlyErrors,
      })
      if (errorCount > 0) throw new Error(`the declarations of ${entry.subpath} could not be rolled up`)
      const text = readFileSync(config.untrimmedFilePath, 'utf8')
      assertDeclaredOnce(text, entry, declaredIn)
      const target = join(outDir, `${entry.output}.d.ts`)
      mkdirSync(dirname(target), { recursive: true })
      const linked = eachSpecifier(text, specifier => relativeTo(entry, specifier))
      writeFileSync(target, libsOf(text) + linked.replaceAll(/^(?: {4})+/gm, tabs))
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function configOf(scratch, types, { output, report }) {
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: scratch,
      mainEntryPointFilePath: join(types, `${output}.d.ts`),
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'es2022',
            lib: ['es2023', 'esnext.disposable'],
            module: 'nodenext',
            moduleResolution: 'nodenext',
            strict: true,
            skipLibCheck: true,
            types: ['node'],
            typeRoots: [join(root, 'node_modules/@types')],
          },
          include: ['types/**/*'],
        },
      },
      apiReport: { enabled: false },
      docModel: { enabled: false },
      dtsRollup: { enabled: true, untrimmedFilePath: join(scratch, `${report}.d.ts`) },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        compilerMessageReporting: { default: { logLevel: 'error' } },
        extractorMessageReporting: { default: quiet },
        tsdocMessageReporting: { default: quiet },
      },
    },
    configObjectFullPath: join(scratch, 'package.json'),
    packageJsonFullPath: join(scratch, 'package.json'),
  })
}

/** Two declarations of one class are two types. Of an interface they are one, so a copy of it does no harm. */
function assertDeclaredOnce(text, { subpath }, declaredIn) {
  for (const [, name] of text.matchAll(/^(?:export )?declare (?:abstract )?class (\w+)|: unique symbol/gm)) {
    if (name === undefined)
      throw new Error(`${subpath} declares a unique symbol; two copies of it would differ`)
    const other = declaredIn.get(name)
    if (other !== undefined)
      throw new Error(`the class ${name} is declared in ${other} and in ${subpath}; export it from one`)
    declaredIn.set(name, subpath)
  }
}

/** What TypeScript does not know unless it is told: nothing of a program's settings is needed for `await using`. */
function libsOf(text) {
  return /\b(?:Async)?Disposable\b/.test(text) ? '/// <reference lib="esnext.disposable" />\n' : ''
}

const tabs = spaces => '\t'.repeat(spaces.length / 4)

function onlyErrors(message) {
  if (message.category === 'console') message.logLevel = 'none'
}

/** Imports of another area's index become imports of its subpath; so do imports into the area around a `node` folder. */
function nameSubpaths(types) {
  const exported = new Map(
    entries.map(({ output, specifier }) => [output, { specifier, names: namesOf(types, output) }]),
  )
  for (const path of readdirSync(types, { recursive: true, encoding: 'utf8' }).filter(name =>
    name.endsWith('.d.ts'),
  )) {
    const own = entryOf(path)
    const rewrite = (specifier, names) => {
      if (!specifier.startsWith('.')) return specifier
      const target = posix.join(posix.dirname(path), specifier).replace(/\.js$/, '')
      const isIndex = exported.get(target)
      if (isIndex !== undefined && target !== own) return isIndex.specifier
      const area = exported.get(entryOf(`${target}.d.ts`))
      return entryOf(`${target}.d.ts`) !== own && names.every(name => area.names.has(name))
        ? area.specifier
        : specifier
    }
    const file = join(types, path)
    writeFileSync(file, eachSpecifier(readFileSync(file, 'utf8'), rewrite))
  }
}

/** The subpath, as its output, that a file belongs to: the deepest one around it. */
function entryOf(path) {
  const around = entries
    .map(({ output }) => output)
    .filter(output => path.startsWith(output.replace(/index$/, '')))
  return around.toSorted((a, b) => b.length - a.length)[0]
}

function namesOf(types, output) {
  const text = readFileSync(join(types, `${output}.d.ts`), 'utf8')
  return new Set([...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list]) => namesIn(list)))
}

/** The names that a list such as `A, B as C` gives. */
function namesIn(list) {
  return list
    .split(',')
    .map(part => part.trim().split(' as ').at(-1))
    .filter(name => name !== '')
}

/** Rewrites the module names of import and export statements and of import types, and no comment. */
function eachSpecifier(text, rewrite) {
  return text
    .replaceAll(/^((?:import|export)\b[^'"`;]*\bfrom\s+)(['"])([^'"]+)\2/gm, (_, head, quote, specifier) => {
      const list = /\{([^}]*)\}/.exec(head)?.[1] ?? ''
      const names = list
        .split(',')
        .map(
          part =>
            part
              .replace(/^\s*type /, '')
              .trim()
              .split(' as ')[0],
        )
        .filter(name => name !== '')
      return `${head}${quote}${rewrite(specifier, names)}${quote}`
    })
    .replaceAll(
      /^(?! *\*)(.*\bimport\()(['"])([^'"]+)\2(\)\.(\w+))/gm,
      (_, head, quote, specifier, tail, name) =>
        `${head}${quote}${rewrite(specifier, [name])}${quote}${tail}`,
    )
}

function relativeTo(from, specifier) {
  const target = entries.find(entry => entry.specifier === specifier)
  if (target === undefined) return specifier
  const path = relative(dirname(from.output), `${target.output}.js`)
  return path.startsWith('.') ? path : `./${path}`
}
