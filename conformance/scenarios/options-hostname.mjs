// `hostname`, its alias and what it is converted to.
export default async function ({ listen, main }) {
  const socket = { data() {} };
  const attempt = (label, options) =>
    main.attempt(label, () => {
      const listener = listen({ port: 0, socket, ...options });
      const { hostname } = listener;
      listener.stop();
      return hostname;
    });
  attempt('alias host', { host: '127.0.0.1' });
  attempt('hostname wins', { hostname: '127.0.0.1', host: 'no-such-host.invalid' });
  attempt('falsy hostname, host given', { hostname: '', host: '127.0.0.1' });
  for (const hostname of [undefined, null, '', false, 0]) attempt(`${JSON.stringify(hostname)}`, { hostname });
  for (const hostname of [[], new String(''), { toString: () => '' }])
    attempt('there, but empty as text', { hostname });
  attempt('empty as text, no port', { hostname: [], port: undefined });
  attempt('empty as text, and a path', { hostname: [], unix: `\0conformance-${process.pid}` });
  attempt('empty as text, wrong handler', { hostname: [], socket: { data: 5 } });
  attempt('alias empty as text', { host: [] });
  attempt('NUL inside', { hostname: '127.0.0.1\0x' });
  attempt('upper case', { hostname: 'LOCALHOST' });
  attempt('an object', { hostname: { toString: () => '127.0.0.1' } });
  for (const unix of [5, true, {}, []]) attempt(`unix ${JSON.stringify(unix)}`, { unix });
}
