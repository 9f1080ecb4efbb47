// A prefix with nothing behind it is no path.
export default async function ({ listen, connect, main }) {
  for (const prefix of ['unix://', 'file://', 'sock://']) {
    main.attempt(`listen ${prefix}`, () => listen({ unix: prefix, socket: { data() {} } }).stop());
    await main.settle(`connect ${prefix}`, () => connect({ unix: prefix, socket: { data() {} } }));
  }
}
