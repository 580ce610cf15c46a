// For `node --require`: what listens, listens on 127.0.0.1 alone, where peers would listen on every
// interface. server-everything takes its port from PORT; the checker gives each server STORE_PORT.

const net = require("node:net");

// The last step of `listen`. Earlier ones would look the host up first, and be done only later
// than peers expect that name none.
const { _listen2: bind } = net.Server.prototype;
net.Server.prototype._listen2 = function (host, port, family, ...rest) {
  const everywhere = host === null && port >= 0 && family === 4;
  return bind.call(this, everywhere ? "127.0.0.1" : host, port, family, ...rest);
};

process.env.PORT ??= process.env.STORE_PORT;
