import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto'
import { UsageError } from '../../core/index.js'
import { CorruptError, unsupportedDirectory } from './storage-errors.js'

/** A key, and how files name it. */
export interface EncryptionKey {
  /** 1 to 64 characters; it is in the files. */
  readonly id: string
  /** 32 bytes, from a random source. */
  readonly secret: Uint8Array
}

/** Where a payload is: a file, and a place in it. It cannot be read anywhere else. */
export interface FramePlace {
  /** Of the directory, for errors. */
  readonly path: string
  readonly incarnation: string
  readonly file: string
  readonly position: number
}

const KEY_BYTES = 32
const KEY_ID_CHARS_MAX = 64
const SALT_BYTES = 16
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * Encrypts payloads with AES-256-GCM. Each time a store is opened it has a key of its own, which HKDF makes of the first key of the
 * ring and of a salt; nonces are counted, so none is used twice. The place of the payload is authenticated with it.
 *
 * A sealed payload is the length and the text of the key's id, the salt, the nonce, the ciphertext and the tag.
 */
export class FrameCipher {
  readonly #keys: ReadonlyMap<string, Uint8Array>
  readonly #writes: EncryptionKey | undefined
  readonly #salt: Buffer
  readonly #derived = new Map<string, Buffer>()
  #counter = 0

  /**
   * @param keys the first one writes, all read; without any nothing is encrypted
   * @param opening differs each time that a store is opened
   * @throws UsageError for keys that cannot be
   */
  constructor(keys: readonly EncryptionKey[], opening: string) {
    assertKeys(keys)
    this.#keys = new Map(keys.map(({ id, secret }) => [id, secret]))
    this.#writes = keys[0]
    this.#salt = createHash('sha256').update(opening).digest().subarray(0, SALT_BYTES)
  }

  get isSealing(): boolean {
    return this.#writes !== undefined
  }

  /** The payload, encrypted if there is a key. */
  seal(payload: Buffer, place: FramePlace): Buffer {
    const key = this.#writes
    if (key === undefined) return payload
    const nonce = Buffer.alloc(NONCE_BYTES)
    nonce.writeUIntBE(this.#counter++, NONCE_BYTES - 6, 6)
    const cipher = createCipheriv('aes-256-gcm', this.#keyOf(key.id, key.secret, this.#salt), nonce)
    cipher.setAAD(boundTo(place))
    const id = Buffer.from(key.id)
    const head = [Buffer.from([id.length]), id, this.#salt, nonce]
    return Buffer.concat([...head, cipher.update(payload), cipher.final(), cipher.getAuthTag()])
  }

  /** @throws KeelsonError `Unsupported` for a key that is not in the ring, CorruptError */
  open(sealed: Buffer, place: FramePlace): Buffer {
    const idEnd = 1 + (sealed[0] ?? 0)
    const id = sealed.subarray(1, idEnd).toString('utf8')
    const saltEnd = idEnd + SALT_BYTES
    const begin = saltEnd + NONCE_BYTES
    const end = sealed.length - TAG_BYTES
    const path = `${place.path}/${place.file}`
    if (end < begin) throw new CorruptError(path, 'an encrypted frame is too short', place.position)
    const secret = this.#keys.get(id)
    if (secret === undefined)
      throw unsupportedDirectory(
        path,
        `it is encrypted with key ${JSON.stringify(id)}`,
        'add that key to encryption.keys, or to the file of --keys',
      )
    const key = this.#keyOf(id, secret, sealed.subarray(idEnd, saltEnd))
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(saltEnd, begin))
    decipher.setAAD(boundTo(place)).setAuthTag(sealed.subarray(end))
    try {
      return Buffer.concat([decipher.update(sealed.subarray(begin, end)), decipher.final()])
    } catch {
      const reason = `key ${JSON.stringify(id)} does not decrypt it: the key is another one, or the data was moved or changed`
      throw new CorruptError(path, reason, place.position)
    }
  }

  #keyOf(id: string, secret: Uint8Array, salt: Buffer): Buffer {
    const name = `${id} ${salt.toString('hex')}`
    let key = this.#derived.get(name)
    if (key === undefined) {
      key = Buffer.from(hkdfSync('sha256', secret, salt, 'keelson-store frame', KEY_BYTES))
      this.#derived.set(name, key)
    }
    return key
  }
}

function boundTo({ incarnation, file, position }: FramePlace): Buffer {
  return Buffer.from(`${incarnation}\n${file}\n${position}`)
}

function assertKeys(keys: readonly EncryptionKey[]): void {
  const ids = new Set<string>()
  for (const [index, { id, secret }] of keys.entries()) {
    const faulty = (fault: string): UsageError =>
      new UsageError(`encryption.keys[${index}] ${fault}`, { option: 'encryption', index })
    if (typeof id !== 'string' || id === '' || Buffer.byteLength(id) > KEY_ID_CHARS_MAX)
      throw faulty(`must have an id of 1 to ${KEY_ID_CHARS_MAX} characters`)
    if (ids.has(id)) throw faulty(`has the id ${id} of another one`)
    if (!(secret instanceof Uint8Array) || secret.length !== KEY_BYTES)
      throw faulty(`must have a secret of ${KEY_BYTES} bytes`)
    ids.add(id)
  }
}
