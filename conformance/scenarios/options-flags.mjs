// Booleans take true, false and undefined only.
export default async function ({ listen, connect, main }) {
  const base = { hostname: '127.0.0.1', port: 0, socket: { data() {} } };
  for (const name of ['exclusive', 'allowHalfOpen', 'reusePort', 'ipv6Only']) {
    for (const value of [true, false, undefined]) {
      main.attempt(`listen ${name} ${value}`, () => listen({ ...base, [name]: value }).stop());
    }
    for (const value of [null, 0, 1, '', 'true', {}]) {
      main.attempt(`listen ${name} ${JSON.stringify(value)}`, () => listen({ ...base, [name]: value }).stop());
      main.attempt(`connect ${name} ${JSON.stringify(value)}`, () => connect({ ...base, [name]: value }));
    }
  }
  for (const value of [0, 1, '', 'yes', []]) {
    main.attempt(`listen tls ${JSON.stringify(value)}`, () => listen({ ...base, tls: value }).stop());
  }
  for (const value of [false, null, undefined]) {
    main.attempt(`listen tls ${value}`, () => listen({ ...base, tls: value }).stop());
  }
}
