// Judges a JSON value by the compiled form of a JSON Schema 2020-12, with the verdicts of the Python kit.
//
// The compiled form is made in Python: references are numbers in one list of schemas, regular expressions are
// rewritten so that they mean here what they mean there, and nothing but the keywords below is left.

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

const typeTests = {
  array: Array.isArray,
  boolean: (value) => typeof value === 'boolean',
  integer: Number.isInteger,
  null: (value) => value === null,
  number: (value) => typeof value === 'number',
  object: isObject,
  string: (value) => typeof value === 'string',
};

const typeOf = (value) => {
  if (value === null) {
    return 'null';
  }
  return Array.isArray(value) ? 'array' : typeof value;
};

const isEqual = (one, other) => {
  if (Array.isArray(one)) {
    return Array.isArray(other) && one.length === other.length && one.every((item, index) => isEqual(item, other[index]));
  }
  if (isObject(one)) {
    const keys = Object.keys(one);
    return (
      isObject(other) &&
      keys.length === Object.keys(other).length &&
      keys.every((key) => Object.hasOwn(other, key) && isEqual(one[key], other[key]))
    );
  }
  return one === other;
};

const isUnique = (items) => items.every((item, index) => !items.slice(0, index).some((earlier) => isEqual(earlier, item)));

/** In characters, as JSON Schema counts them: not in UTF-16 units. */
const lengthOf = (text) => [...text].length;

const isMultiple = (number, divisor) => {
  if (Number.isInteger(divisor)) {
    return number % divisor === 0;
  }
  const quotient = number / divisor;
  return Number.isFinite(quotient) ? Number.isInteger(quotient) : number % divisor === 0;
};

const expressions = new Map();

const matches = (pattern, text) => {
  if (!expressions.has(pattern)) {
    expressions.set(pattern, new RegExp(pattern, 'u'));
  }
  return expressions.get(pattern).test(text);
};

/** What each keyword for one kind of value has to find true. */
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
    uniqueItems: (value, wanted) => !wanted || isUnique(value),
  },
  object: {
    minProperties: (value, limit) => Object.keys(value).length >= limit,
    maxProperties: (value, limit) => Object.keys(value).length <= limit,
  },
  boolean: {},
  null: {},
};

/** What one schema makes of one value: what is wrong, and which of its members have been looked at. */
class Outcome {
  issues = [];
  members = new Set();

  get isValid() {
    return this.issues.length === 0;
  }

  refuse(path, keyword, message) {
    this.issues.push({ path, keyword, message });
  }

  /** Takes over what a schema that applies in the same place found. */
  join(other) {
    this.issues.push(...other.issues);
    for (const member of other.members) {
      this.members.add(member);
    }
  }
}

class Judge {
  constructor(schemas) {
    this.schemas = schemas;
  }

  judge(schema, value, path) {
    const outcome = new Outcome();
    if (typeof schema === 'boolean') {
      if (!schema) {
        outcome.refuse(path, 'false', 'expected nothing here');
      }
      return outcome;
    }
    if (Object.hasOwn(schema, '$ref')) {
      outcome.join(this.judge(this.schemas[schema.$ref], value, path));
    }
    this.judgeItself(schema, value, path, outcome);
    this.judgeInPlace(schema, value, path, outcome);
    if (Array.isArray(value)) {
      this.judgeItems(schema, value, path, outcome);
    } else if (isObject(value)) {
      this.judgeProperties(schema, value, path, outcome);
    }
    return outcome;
  }

  judgeItself(schema, value, path, outcome) {
    const kind = typeOf(value);
    if (Object.hasOwn(schema, 'type')) {
      const types = [schema.type].flat();
      if (!types.some((type) => typeTests[type](value))) {
        outcome.refuse(path, 'type', `expected ${types.join(' or ')}, found ${kind}`);
      }
    }
    if (Object.hasOwn(schema, 'const') && !isEqual(value, schema.const)) {
      outcome.refuse(path, 'const', 'expected one certain value, found another');
    }
    if (Object.hasOwn(schema, 'enum') && !schema.enum.some((choice) => isEqual(value, choice))) {
      outcome.refuse(path, 'enum', 'expected one of certain values, found another');
    }
    for (const [keyword, holds] of Object.entries(assertions[kind])) {
      if (Object.hasOwn(schema, keyword) && !holds(value, schema[keyword])) {
        outcome.refuse(path, keyword, `expected ${keyword} to hold for this ${kind}`);
      }
    }
  }

  judgeInPlace(schema, value, path, outcome) {
    for (const part of schema.allOf ?? []) {
      outcome.join(this.judge(part, value, path));
    }
    for (const keyword of ['anyOf', 'oneOf']) {
      if (Object.hasOwn(schema, keyword)) {
        const fitting = schema[keyword].map((part) => this.judge(part, value, path)).filter(({ isValid }) => isValid);
        if (fitting.length === 0 || (keyword === 'oneOf' && fitting.length > 1)) {
          outcome.refuse(path, keyword, 'expected another form');
        }
        fitting.forEach((part) => outcome.join(part));
      }
    }
    if (Object.hasOwn(schema, 'not') && this.judge(schema.not, value, path).isValid) {
      outcome.refuse(path, 'not', 'expected another form');
    }
    if (Object.hasOwn(schema, 'if')) {
      const condition = this.judge(schema.if, value, path);
      if (condition.isValid) {
        outcome.join(condition);
      }
      const branch = condition.isValid ? 'then' : 'else';
      if (Object.hasOwn(schema, branch)) {
        outcome.join(this.judge(schema[branch], value, path));
      }
    }
  }

  judgeItems(schema, value, path, outcome) {
    const judgeItem = (part, index) => {
      outcome.issues.push(...this.judge(part, value[index], [...path, index]).issues);
      outcome.members.add(index);
    };
    const first = schema.prefixItems ?? [];
    first.slice(0, value.length).forEach(judgeItem);
    if (Object.hasOwn(schema, 'items')) {
      for (let index = first.length; index < value.length; index += 1) {
        judgeItem(schema.items, index);
      }
    }
    if (Object.hasOwn(schema, 'contains')) {
      const found = [...value.keys()].filter((index) => this.judge(schema.contains, value[index], path).isValid);
      if (found.length < (schema.minContains ?? 1) || found.length > (schema.maxContains ?? value.length)) {
        outcome.refuse(path, 'contains', 'expected another number of items of a certain form');
      }
      found.forEach((index) => outcome.members.add(index));
    }
    if (Object.hasOwn(schema, 'unevaluatedItems')) {
      [...value.keys()]
        .filter((index) => !outcome.members.has(index))
        .forEach((index) => judgeItem(schema.unevaluatedItems, index));
    }
  }

  judgeProperties(schema, value, path, outcome) {
    const keys = Object.keys(value);
    const judgeMember = (part, key) => {
      outcome.issues.push(...this.judge(part, value[key], [...path, key]).issues);
      outcome.members.add(key);
    };
    for (const key of schema.required ?? []) {
      if (!Object.hasOwn(value, key)) {
        outcome.refuse([...path, key], 'required', 'expected a value (required), found nothing');
      }
    }
    for (const [key, others] of Object.entries(schema.dependentRequired ?? {})) {
      if (Object.hasOwn(value, key) && !others.every((other) => Object.hasOwn(value, other))) {
        outcome.refuse(path, 'dependentRequired', 'expected other members beside one that is there');
      }
    }
    for (const [key, part] of Object.entries(schema.dependentSchemas ?? {})) {
      if (Object.hasOwn(value, key)) {
        outcome.join(this.judge(part, value, path));
      }
    }
    if (Object.hasOwn(schema, 'propertyNames')) {
      for (const key of keys) {
        if (!this.judge(schema.propertyNames, key, path).isValid) {
          outcome.refuse([...path, key], 'propertyNames', 'expected another key');
        }
      }
    }
    const named = schema.properties ?? {};
    const patterns = Object.entries(schema.patternProperties ?? {});
    for (const key of keys) {
      const parts = patterns.filter(([pattern]) => matches(pattern, key)).map(([, part]) => part);
      if (Object.hasOwn(named, key)) {
        parts.push(named[key]);
      }
      if (parts.length === 0 && Object.hasOwn(schema, 'additionalProperties')) {
        parts.push(schema.additionalProperties);
      }
      parts.forEach((part) => judgeMember(part, key));
    }
    if (Object.hasOwn(schema, 'unevaluatedProperties')) {
      keys.filter((key) => !outcome.members.has(key)).forEach((key) => judgeMember(schema.unevaluatedProperties, key));
    }
  }
}

/**
 * Lists what is wrong with a JSON value: `[{path, keyword, message}]`, never the value itself.
 *
 * @param schemas The compiled form: the first is the schema, the others are what it refers to.
 */
export const findIssues = (schemas, value) => {
  try {
    return new Judge(schemas).judge(schemas[0], value, []).issues;
  } catch (error) {
    if (error instanceof RangeError) {
      return [{ path: [], keyword: 'depth', message: 'expected a value of reasonable depth' }];
    }
    throw error;
  }
};
