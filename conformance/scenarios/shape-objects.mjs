// Tags, own properties, method lengths and accessors of listener and socket.
function members(main, label, object) {
  const prototype = Object.getPrototypeOf(object);
  main.say(label, String(object), Object.prototype.toString.call(object), JSON.stringify(object));
  main.say(label, 'own', Object.getOwnPropertyNames(object));
  const methods = [];
  const accessors = [];
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (name === 'constructor') continue;
    if (property.get)
      accessors.push(`${name}${property.set ? ' settable' : ''}${property.enumerable ? '' : ' hidden'}`);
    else if (typeof property.value === 'function') methods.push(`${name} ${property.value.length}`);
  }
  for (const line of accessors.sort()) main.say(label, 'accessor', line);
  for (const line of methods.sort()) main.say(label, 'method', line);
  main.say(label, 'dispose', typeof object[Symbol.dispose], object[Symbol.dispose].name);
}

export default async function ({ pair, main }) {
  const { listener, near, far } = await pair();
  members(main, 'listener', listener);
  members(main, 'socket', near);
  main.say('same class', Object.getPrototypeOf(near) === Object.getPrototypeOf(far));
  near.note = 'kept';
  listener.note = 'kept';
  main.say('expando', near.note, listener.note);
  near.close();
  listener.stop(true);
}
