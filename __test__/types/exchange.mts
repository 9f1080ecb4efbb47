// Our types and those of bun-types 1.4.5 are assignable to each other, both ways, type by type.

import type * as BunTypes from 'bun';
import * as ours from 'bun-sockets';

type Exchangeable<A, B> = [A] extends [B]
  ? [B] extends [A]
    ? true
    : 'Bun’s is not assignable to ours'
  : 'ours is not assignable to Bun’s';
/** Fails to compile unless T is true. */
function holds<_T extends true>(): void {}

holds<Exchangeable<ours.Socket<{ a: 1 }>, BunTypes.Socket<{ a: 1 }>>>();
holds<Exchangeable<ours.Socket, BunTypes.Socket>>();
holds<Exchangeable<ours.TCPSocket, BunTypes.TCPSocket>>();
holds<Exchangeable<ours.TLSSocket, BunTypes.TLSSocket>>();
holds<Exchangeable<ours.SocketListener<string>, BunTypes.SocketListener<string>>>();
holds<Exchangeable<ours.TCPSocketListener<string>, BunTypes.TCPSocketListener<string>>>();
holds<Exchangeable<ours.UnixSocketListener<string>, BunTypes.UnixSocketListener<string>>>();
holds<Exchangeable<ours.SocketHandler<string>, BunTypes.SocketHandler<string>>>();
holds<Exchangeable<ours.SocketHandler<string, 'arraybuffer'>, BunTypes.SocketHandler<string, 'arraybuffer'>>>();
holds<Exchangeable<ours.BinaryTypeList, BunTypes.BinaryTypeList>>();
holds<Exchangeable<ours.BinaryType, BunTypes.BinaryType>>();
holds<Exchangeable<ours.SocketAddress, BunTypes.SocketAddress>>();

holds<Exchangeable<ours.TLSOptions, BunTypes.TLSOptions>>();
holds<Exchangeable<ours.TCPSocketListenOptions<5>, BunTypes.TCPSocketListenOptions<5>>>();
holds<Exchangeable<ours.TCPSocketConnectOptions<5>, BunTypes.TCPSocketConnectOptions<5>>>();
holds<Exchangeable<ours.UnixSocketOptions<5>, BunTypes.UnixSocketOptions<5>>>();
holds<Exchangeable<ours.TLSUpgradeOptions<5>, BunTypes.TLSUpgradeOptions<5>>>();

holds<Exchangeable<ours.udp.Socket<'buffer'>, BunTypes.udp.Socket<'buffer'>>>();
holds<Exchangeable<ours.udp.ConnectedSocket<'buffer'>, BunTypes.udp.ConnectedSocket<'buffer'>>>();
holds<Exchangeable<ours.udp.SocketOptions<'uint8array'>, BunTypes.udp.SocketOptions<'uint8array'>>>();
holds<Exchangeable<ours.udp.ConnectSocketOptions<'buffer'>, BunTypes.udp.ConnectSocketOptions<'buffer'>>>();
holds<Exchangeable<ours.udp.ReceiveFlags, BunTypes.udp.ReceiveFlags>>();

// The functions: ours wherever Bun's are expected, and Bun's where ours are (on Bun the package hands those out).
type Functions = 'connect' | 'listen' | 'udpSocket';
export const asBun: Pick<typeof Bun, Functions> = ours;
export const asOurs: Pick<typeof ours, Functions> = Bun;
