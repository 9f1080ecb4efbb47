'use strict';
// Gives a class the member layout of Bun's classes.

const TAKEN = Symbol.for('bun-sockets.methods');

/**
 * Takes the methods off a native class's prototype: they are for this package only, and programs see the members of the
 * classes that extend it.
 *
 * Another copy of this package may have taken them before, in a test runner that loads modules anew: then these are the same.
 * @template {object} T
 * @param {{ prototype: T }} nativeClass
 * @returns {{ [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (self: T, ...args: A) => R : never }}
 */
function takeMethods(nativeClass) {
  const { prototype } = nativeClass;
  const taken = /** @type {any} */ (nativeClass)[TAKEN];
  if (taken !== undefined) return taken;
  /** @type {any} */
  const methods = {};
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const method = /** @type {any} */ (prototype)[name];
    if (name !== 'constructor') {
      methods[name] = (/** @type {T} */ self, /** @type {unknown[]} */ ...args) => method.apply(self, args);
    }
    delete (/** @type {any} */ (prototype)[name]);
  }
  Object.defineProperty(nativeClass, TAKEN, { value: methods });
  return methods;
}

/**
 * Makes a class's members look as in Bun: sorted by name, enumerable and not configurable, `[Symbol.dispose]` and the tag
 * hidden, no `constructor` of its own.
 * @param {string} tag the class's name
 * @param {Function} type
 * @param {Function} dispose
 */
function finish(tag, type, dispose) {
  const { prototype } = type;
  const members = Object.entries(Object.getOwnPropertyDescriptors(prototype));
  members.sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  for (const [name, descriptor] of members) {
    delete prototype[name];
    if (name !== 'constructor') {
      Object.defineProperty(prototype, name, { ...descriptor, enumerable: true, configurable: false });
    }
  }
  // Bun's has a length of 1, although it takes no argument.
  Object.defineProperties(dispose, { name: { value: 'dispose' }, length: { value: 1 } });
  Object.defineProperty(prototype, Symbol.dispose, {
    value: dispose,
    configurable: true,
  });
  Object.defineProperty(prototype, Symbol.toStringTag, { value: tag, configurable: true });
  // A native class, whose methods were taken, is of no interest to programs.
  Object.setPrototypeOf(prototype, Object.prototype);
}

/**
 * @param {string} tag
 * @param {string} name
 * @param {'getter' | 'setter'} [kind]
 */
function wrongAccessor(tag, name, kind = 'getter') {
  return new TypeError(`The ${tag}.${name} ${kind} can only be used on instances of ${tag}`);
}

module.exports = { finish, takeMethods, wrongAccessor };
