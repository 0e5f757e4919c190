// Validates JSON values against a compiled JSON Schema 2020-12, with the same verdicts as the Python kit.
//
// `connector-kit package` compiles the schema: each `$ref` is an index in a list of schemas, `pattern` and
// `patternProperties` hold JavaScript regular expressions, and keywords that cannot fail are removed.

const typeOf = (value) => {
  if (value === null) {
    return 'null';
  }
  return Array.isArray(value) ? 'array' : typeof value;
};

const isOfType = (value, type) => (type === 'integer' ? Number.isInteger(value) : typeOf(value) === type);

const isEqual = (one, other) => {
  const type = typeOf(one);
  if (type !== typeOf(other) || (type !== 'array' && type !== 'object')) {
    return one === other;
  }
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && isEqual(one[key], other[key]))
  );
};

const isUnique = (items) => items.every((item, index) => !items.slice(0, index).some((earlier) => isEqual(earlier, item)));

/** JSON Schema counts characters, not UTF-16 units. */
const lengthOf = (text) => [...text].length;

/** Divides in floating point, as Python does: 0.3 is not a multiple of 0.1. */
const isMultiple = (number, divisor) => {
  const quotient = number / divisor;
  return Number.isInteger(divisor) || !Number.isFinite(quotient) ? number % divisor === 0 : Number.isInteger(quotient);
};

const expressions = new Map();

const matches = (pattern, text) => {
  if (!expressions.has(pattern)) {
    expressions.set(pattern, new RegExp(pattern, 'v'));
  }
  return expressions.get(pattern).test(text);
};

/** The keywords that constrain one type and have no subschemas. */
const assertions = {
  number: {
    minimum: (value, limit) => value >= limit,
    maximum: (value, limit) => value <= limit,
    exclusiveMinimum: (value, limit) => value > limit,
    exclusiveMaximum: (value, limit) => value < limit,
    multipleOf: isMultiple,
  },
  string: {
    minLength: (value, limit) => lengthOf(value) >= limit,
    maxLength: (value, limit) => lengthOf(value) <= limit,
    pattern: (value, pattern) => matches(pattern, value),
  },
  array: {
    minItems: (value, limit) => value.length >= limit,
    maxItems: (value, limit) => value.length <= limit,
    uniqueItems: (value, isRequired) => !isRequired || isUnique(value),
  },
  object: {
    minProperties: (value, limit) => Object.keys(value).length >= limit,
    maxProperties: (value, limit) => Object.keys(value).length <= limit,
  },
};

const count = (number, noun) => `${number} ${noun}${number === 1 ? '' : 's'}`;

/** Returns the type and the size of a value, without the value: it may be a secret. */
const describe = (value) => {
  switch (typeOf(value)) {
    case 'string':
      return `a string of ${count(lengthOf(value), 'character')}`;
    case 'array':
      return `an array of ${count(value.length, 'item')}`;
    case 'object':
      return `an object of ${count(Object.keys(value).length, 'key')}`;
    default:
      return typeOf(value);
  }
};

/** The issues that a schema finds in a value, and the keys or indices that it has evaluated. */
class Result {
  issues = [];
  evaluated = new Set();

  get isValid() {
    return this.issues.length === 0;
  }

  add(path, keyword, expected, found) {
    this.issues.push({ path, keyword, message: `expected ${expected}, found ${found}` });
  }

  /** Adds the result of a schema that applies to the same value. */
  merge({ issues, evaluated }) {
    issues.forEach((issue) => this.issues.push(issue));
    evaluated.forEach((key) => this.evaluated.add(key));
  }
}

class Validator {
  constructor(schemas) {
    this.schemas = schemas;
  }

  validate(schema, value, path) {
    const result = new Result();
    if (schema === false) {
      result.add(path, 'false', 'no value', describe(value));
    }
    if (typeof schema === 'boolean') {
      return result;
    }
    this.checkAssertions(schema, value, path, result);
    this.applyInPlace(schema, value, path, result);
    if (Array.isArray(value)) {
      this.applyToItems(schema, value, path, result);
    } else if (typeOf(value) === 'object') {
      this.applyToProperties(schema, value, path, result);
    }
    return result;
  }

  checkAssertions(schema, value, path, result) {
    const types = [schema.type ?? []].flat();
    if (types.length > 0 && !types.some((type) => isOfType(value, type))) {
      result.add(path, 'type', types.join(' or '), describe(value));
    }
    if (schema.const !== undefined && !isEqual(value, schema.const)) {
      result.add(path, 'const', JSON.stringify(schema.const), describe(value));
    }
    if (schema.enum && !schema.enum.some((choice) => isEqual(value, choice))) {
      result.add(path, 'enum', `one of ${JSON.stringify(schema.enum)}`, describe(value));
    }
    for (const [keyword, holds] of Object.entries(assertions[typeOf(value)] ?? {})) {
      if (schema[keyword] !== undefined && !holds(value, schema[keyword])) {
        const expected = keyword === 'pattern' ? 'a string that matches the pattern' : `${keyword} ${schema[keyword]}`;
        result.add(path, keyword, expected, describe(value));
      }
    }
  }

  /** Applies the subschemas that constrain the value itself. */
  applyInPlace(schema, value, path, result) {
    const apply = (part) => this.validate(part, value, path);
    if (schema.$ref !== undefined) {
      result.merge(apply(this.schemas[schema.$ref]));
    }
    schema.allOf?.forEach((part) => result.merge(apply(part)));
    for (const keyword of ['anyOf', 'oneOf']) {
      const matching = schema[keyword]?.map(apply).filter(({ isValid }) => isValid);
      matching?.forEach((part) => result.merge(part));
      if (matching?.length === 0 || (keyword === 'oneOf' && matching?.length > 1)) {
        const expected = `${keyword === 'oneOf' ? 'exactly' : 'at least'} one of ${schema[keyword].length} schemas to match`;
        result.add(path, keyword, expected, matching.length);
      }
    }
    if (schema.not !== undefined && apply(schema.not).isValid) {
      result.add(path, 'not', 'a value that does not match the schema', describe(value));
    }
    if (schema.if !== undefined) {
      const condition = apply(schema.if);
      if (condition.isValid) {
        result.merge(condition);
      }
      result.merge(apply((condition.isValid ? schema.then : schema.else) ?? true));
    }
  }

  applyToItems(schema, items, path, result) {
    const apply = (part, index) => this.applyToMember(part, items, index, path, result);
    const prefix = schema.prefixItems?.slice(0, items.length) ?? [];
    prefix.forEach(apply);
    const indices = [...items.keys()];
    if (schema.items !== undefined) {
      indices.slice(prefix.length).forEach((index) => apply(schema.items, index));
    }
    if (schema.contains !== undefined) {
      const matching = indices.filter((index) => this.validate(schema.contains, items[index], path).isValid);
      const { minContains = 1, maxContains = items.length } = schema;
      if (matching.length < minContains) {
        result.add(path, 'contains', `at least ${count(minContains, 'matching item')}`, matching.length);
      }
      if (matching.length > maxContains) {
        result.add(path, 'contains', `at most ${count(maxContains, 'matching item')}`, matching.length);
      }
      matching.forEach((index) => result.evaluated.add(index));
    }
    if (schema.unevaluatedItems !== undefined) {
      const rest = indices.filter((index) => !result.evaluated.has(index));
      rest.forEach((index) => apply(schema.unevaluatedItems, index));
    }
  }

  applyToProperties(schema, object, path, result) {
    const apply = (part, key) => this.applyToMember(part, object, key, path, result);
    const keys = Object.keys(object);
    const requireKeys = (required, keyword) => {
      const missing = required.filter((key) => !Object.hasOwn(object, key));
      missing.forEach((key) => result.add([...path, key], keyword, 'a value (required)', 'nothing'));
    };
    requireKeys(schema.required ?? [], 'required');
    for (const [key, required] of Object.entries(schema.dependentRequired ?? {})) {
      requireKeys(Object.hasOwn(object, key) ? required : [], 'dependentRequired');
    }
    for (const [key, part] of Object.entries(schema.dependentSchemas ?? {})) {
      result.merge(this.validate(Object.hasOwn(object, key) ? part : true, object, path));
    }
    for (const key of keys) {
      if (schema.propertyNames !== undefined && !this.validate(schema.propertyNames, key, path).isValid) {
        result.add([...path, key], 'propertyNames', 'a valid key', describe(key));
      }
      const parts = (schema.patternProperties ?? []).filter(([pattern]) => matches(pattern, key)).map(([, part]) => part);
      if (schema.properties && Object.hasOwn(schema.properties, key)) {
        parts.push(schema.properties[key]);
      }
      if (parts.length === 0 && schema.additionalProperties !== undefined) {
        parts.push(schema.additionalProperties);
      }
      parts.forEach((part) => apply(part, key));
    }
    if (schema.unevaluatedProperties !== undefined) {
      const rest = keys.filter((key) => !result.evaluated.has(key));
      rest.forEach((key) => apply(schema.unevaluatedProperties, key));
    }
  }

  applyToMember(schema, parent, key, path, result) {
    this.validate(schema, parent[key], [...path, key]).issues.forEach((issue) => result.issues.push(issue));
    result.evaluated.add(key);
  }
}

/**
 * Lists the issues of a JSON value as `[{path, keyword, message}]`. A message never shows the value.
 *
 * @param schemas A compiled schema: first the schema itself, then the schemas that it refers to.
 */
export const findIssues = (schemas, value) => {
  if (value === undefined) {
    return [{ path: [], keyword: 'type', message: 'expected a JSON value, found undefined' }];
  }
  try {
    return new Validator(schemas).validate(schemas[0], value, []).issues;
  } catch (error) {
    if (error instanceof RangeError) {
      return [{ path: [], keyword: 'depth', message: 'expected a value with fewer levels of nesting, found one too deep' }];
    }
    throw error;
  }
};
