// Each side ends in its data handler.
export default async function ({ pair, actor }) {
  const { listener, near, far } = await pair({
    server: { handlers: { data: (socket) => actor('server').say('end', socket.end()) } },
    client: { handlers: { data: (socket) => actor('client').say('end', socket.end()) } },
  });
  far.write('to the client');
  near.write('to the server');
  await actor('server').seen('close');
  await actor('client').seen('close');
  listener.stop(true);
}
