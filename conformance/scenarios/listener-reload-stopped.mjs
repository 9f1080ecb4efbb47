// reload after stop.
export default async function ({ serve, main }) {
  const listener = serve('server');
  listener.stop();
  main.attempt('reload', () => listener.reload({ socket: { data() {} } }));
}
