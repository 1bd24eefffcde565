/**
 * The type of what a JSON Schema admits, as far as types can say it: `type`, `properties`, `required`, `items`,
 * `additionalProperties`, `enum`, `const`, `anyOf`, `oneOf`, `allOf`, and `$ref` to `#/$defs/…`. What it does not know is
 * `unknown`. The schema must be known word by word: written inside the call, or `as const`.
 */
export type SchemaType<Schema, Root = Schema> = Schema extends false
  ? never
  : Schema extends { readonly $ref: infer Ref }
    ? SchemaType<Definition<Root, Ref>, Root>
    : Schema extends { readonly const: infer Value }
      ? Value
      : Schema extends { readonly enum: readonly (infer Value)[] }
        ? Value
        : Schema extends
              | { readonly anyOf: readonly (infer Any)[] }
              | { readonly oneOf: readonly (infer Any)[] }
          ? OneOf<Any, Root>
          : Schema extends { readonly allOf: readonly [infer First, ...infer Rest] }
            ? SchemaType<First, Root> &
                (Rest extends readonly [] ? unknown : SchemaType<{ allOf: Rest }, Root>)
            : Schema extends { readonly type: readonly (infer Type)[] }
              ? OneOfTypes<Type, Schema, Root>
              : Schema extends { readonly type: infer Type }
                ? TypeNamed<Type, Schema, Root>
                : Schema extends { readonly properties: unknown }
                  ? ObjectType<Schema, Root>
                  : unknown

type Definition<Root, Ref> = Ref extends `#/$defs/${infer Name}`
  ? Root extends { readonly $defs: Readonly<Record<Name, infer Schema>> }
    ? Schema
    : unknown
  : unknown

type OneOf<Schema, Root> = Schema extends unknown ? SchemaType<Schema, Root> : never

type OneOfTypes<Type, Schema, Root> = Type extends unknown ? TypeNamed<Type, Schema, Root> : never

type TypeNamed<Type, Schema, Root> = Type extends 'string'
  ? string
  : Type extends 'number' | 'integer'
    ? number
    : Type extends 'boolean'
      ? boolean
      : Type extends 'null'
        ? null
        : Type extends 'array'
          ? readonly (Schema extends { readonly items: infer Items } ? SchemaType<Items, Root> : unknown)[]
          : Type extends 'object'
            ? ObjectType<Schema, Root>
            : unknown

type ObjectType<Schema, Root> = Schema extends { readonly properties: infer Properties }
  ? Fields<Properties, RequiredNames<Schema>, Root>
  : Schema extends { readonly additionalProperties: infer Entry }
    ? Readonly<Record<string, SchemaType<Entry, Root>>>
    : object

type RequiredNames<Schema> = Schema extends { readonly required: readonly (infer Name)[] } ? Name : never

type Fields<Properties, Name, Root> = {
  readonly [Key in keyof Properties as Key extends Name ? Key : never]: SchemaType<Properties[Key], Root>
} & {
  readonly [Key in keyof Properties as Key extends Name ? never : Key]?: SchemaType<Properties[Key], Root>
}

/** The type of a part of the objects that a schema of `{ spec, status? }` admits. */
export type PartType<Schema, Part extends 'spec' | 'status'> = Schema extends {
  readonly properties: Readonly<Record<Part, infer Of>>
}
  ? SchemaType<Of, Schema>
  : unknown
