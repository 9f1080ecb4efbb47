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
holds<Exchangeable<ours.FdSocketOptions<5>, BunTypes.FdSocketOptions<5>>>();
holds<Exchangeable<ours.SocketOptions<5>, BunTypes.SocketOptions<5>>>();
holds<Exchangeable<ours.TLSUpgradeOptions<5>, BunTypes.TLSUpgradeOptions<5>>>();

holds<Exchangeable<ours.udp.Socket<'buffer'>, BunTypes.udp.Socket<'buffer'>>>();
holds<Exchangeable<ours.udp.ConnectedSocket<'buffer'>, BunTypes.udp.ConnectedSocket<'buffer'>>>();
holds<Exchangeable<ours.udp.SocketOptions<'uint8array'>, BunTypes.udp.SocketOptions<'uint8array'>>>();
holds<Exchangeable<ours.udp.ConnectSocketOptions<'buffer'>, BunTypes.udp.ConnectSocketOptions<'buffer'>>>();
holds<Exchangeable<ours.udp.ReceiveFlags, BunTypes.udp.ReceiveFlags>>();
holds<Exchangeable<ours.udp.Data, BunTypes.udp.Data>>();
holds<Exchangeable<ours.udp.BaseUDPSocket, BunTypes.udp.BaseUDPSocket>>();
holds<Exchangeable<ours.udp.SocketHandler<'arraybuffer'>, BunTypes.udp.SocketHandler<'arraybuffer'>>>();
holds<Exchangeable<ours.udp.ConnectedSocketHandler<'buffer'>, BunTypes.udp.ConnectedSocketHandler<'buffer'>>>();

// The functions: ours wherever Bun's are expected, and Bun's where ours are (on Bun the package hands those out).
type Functions = 'connect' | 'listen' | 'udpSocket';
export const asBun: Pick<typeof Bun, Functions> = ours;
export const asOurs: Pick<typeof ours, Functions> = Bun;

// Nothing that bun-types says of these is missing here, member by member: assignable types may still lack optional members.
type Complete<A, B> = [Exclude<keyof B, keyof A>] extends [never] ? true : Exclude<keyof B, keyof A>;
holds<Complete<ours.Socket, BunTypes.Socket>>();
holds<Complete<ours.SocketListener, BunTypes.SocketListener>>();
holds<Complete<ours.TCPSocketListener, BunTypes.TCPSocketListener>>();
holds<Complete<ours.UnixSocketListener<5>, BunTypes.UnixSocketListener<5>>>();
holds<Complete<ours.SocketHandler, BunTypes.SocketHandler>>();
holds<Complete<ours.TLSOptions, BunTypes.TLSOptions>>();
holds<Complete<ours.TCPSocketListenOptions, BunTypes.TCPSocketListenOptions>>();
holds<Complete<ours.TCPSocketConnectOptions, BunTypes.TCPSocketConnectOptions>>();
holds<Complete<ours.UnixSocketOptions, BunTypes.UnixSocketOptions>>();
holds<Complete<ours.FdSocketOptions, BunTypes.FdSocketOptions>>();
holds<Complete<ours.TLSUpgradeOptions<5>, BunTypes.TLSUpgradeOptions<5>>>();
holds<Complete<ours.udp.Socket<'buffer'>, BunTypes.udp.Socket<'buffer'>>>();
holds<Complete<ours.udp.ConnectedSocket<'buffer'>, BunTypes.udp.ConnectedSocket<'buffer'>>>();
holds<Complete<ours.udp.SocketOptions<'buffer'>, BunTypes.udp.SocketOptions<'buffer'>>>();
holds<Complete<ours.udp.ConnectSocketOptions<'buffer'>, BunTypes.udp.ConnectSocketOptions<'buffer'>>>();
