import type { Kind } from '../kind/kind.js'
import { expiryOf } from '../lifetime/expiry.js'
import type { StoredObject } from '../object/object.js'
import { checkedRef } from '../object/object-name.js'
import { createObject } from '../write/create-object.js'
import { deleteObject } from '../write/delete-object.js'
import { assertGuards } from '../write/guards.js'
import type { ObjectWrite } from '../write/object-write.js'
import { patchObject } from '../write/patch-object.js'
import { withoutSecrets } from '../write/secret-errors.js'
import { modifyObject, updateObject } from '../write/update-object.js'
import type { WriteSite } from '../write/write-site.js'
import { deleteTree } from './cascade.js'

/**
 * Performs one write on one object, and keeps the object as long as the write says.
 *
 * @throws what the write is refused with; then nothing was changed
 */
export function perform(site: WriteSite, write: ObjectWrite): StoredObject {
  // What is no kind is refused below, like one that the store does not know.
  if ((write.kind as Kind | undefined)?.secret !== true) return performOpenly(site, write)
  try {
    return performOpenly(site, write)
  } catch (error) {
    throw withoutSecrets(error)
  }
}

function performOpenly(site: WriteSite, write: ObjectWrite): StoredObject {
  const table = site.engine.table(write.kind)
  if (write.options.guards !== undefined) assertGuards(site, write.options.guards)
  if (write.verb === 'delete') {
    const { options } = write
    const ref = checkedRef(table.kind, write.ref)
    return options.cascade === undefined
      ? deleteObject(site, table, ref, options)
      : deleteTree(site, table, ref, options)
  }
  const expiry = expiryOf(write.options)
  site.lifetimes.assertLive(expiry)
  let object: StoredObject
  switch (write.verb) {
    case 'create':
      object = createObject(site, table, write.object, { fieldManager: write.options.fieldManager })
      break
    case 'update':
    case 'updateStatus':
      object = updateObject(site, table, write)
      break
    case 'modify':
    case 'modifyStatus':
      object = modifyObject(site, table, checkedRef(table.kind, write.ref), write)
      break
    case 'patch':
      object = patchObject(site, table, checkedRef(table.kind, write.ref), write)
      break
  }
  if (expiry !== undefined) site.keep({ table, object, expiry })
  return object
}
