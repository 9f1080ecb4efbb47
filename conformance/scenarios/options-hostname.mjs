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
  attempt('NUL inside', { hostname: '127.0.0.1\0x' });
  attempt('upper case', { hostname: 'LOCALHOST' });
  attempt('an object', { hostname: { toString: () => '127.0.0.1' } });
  for (const unix of [5, true, {}, []]) attempt(`unix ${JSON.stringify(unix)}`, { unix });
}
