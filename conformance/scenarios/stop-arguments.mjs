// Only `true` closes connections.
export default async function ({ serve, dial, main, actor }) {
  for (const [i, argument] of [undefined, false, 1, 'true', {}, true].entries()) {
    const name = `server ${i}`;
    const listener = serve(name);
    const near = await dial(`client ${i}`, listener);
    await actor(name).seen('open');
    listener.stop(argument);
    main.say(JSON.stringify(argument) ?? 'undefined', 'leaves readyState', actor(name).socket.readyState);
    near.close();
    await actor(name).seen('close');
  }
}
