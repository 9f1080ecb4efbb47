// Runs in Node's thread for module hooks (Node.js before 22.15): it knows only where the module is.

let url;

export function initialize(data) {
  url = data.url;
}

export function resolve(specifier, context, next) {
  return specifier === 'bun' ? { url, format: 'module', shortCircuit: true } : next(specifier, context);
}
