/** Says whether a UDP socket opens with these options, and as what. */
export async function opens({ udpSocket, main }, label, options) {
  let socket;
  try {
    socket = await udpSocket(options);
  } catch (error) {
    main.say(label, 'threw', error);
    return;
  }
  main.say(label, 'opens', socket.hostname, socket.binaryType, socket.remoteAddress === undefined);
  socket.close();
}
