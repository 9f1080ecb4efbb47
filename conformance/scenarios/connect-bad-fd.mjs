// A descriptor that is not open.
export default async function ({ connect, main }) {
  await main.settle('fd 9999', () => connect({ fd: 9999, socket: { data() {} } }));
}
