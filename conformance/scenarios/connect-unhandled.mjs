// A failure that nobody waits for.
export async function ignored({ serve, connect }, withHandler) {
  const gone = serve('server');
  gone.stop();
  const socket = withHandler ? { data() {}, connectError() {} } : { data() {} };
  connect({ hostname: '127.0.0.1', port: gone.port, socket });
}

export default async function ({ process: start }) {
  await start('without connectError', 'ignored', false).exits();
  await start('with connectError', 'ignored', true).exits();
}
