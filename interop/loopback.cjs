// For `node --require`: what listens, listens on 127.0.0.1 alone, where peers would listen on every
// interface. server-everything takes its port from PORT; the checker gives each server STORE_PORT.

const dns = require("node:dns");
const net = require("node:net");

const HOST = "127.0.0.1";

const { listen } = net.Server.prototype;
net.Server.prototype.listen = function (port, ...rest) {
  const isPort = typeof port === "number" || typeof port === "string";
  const hasHost = typeof rest[0] === "string";
  return isPort && !hasHost
    ? listen.call(this, port, HOST, ...rest)
    : listen.call(this, port, ...rest);
};

// With a host Node looks it up first. Without one it listens at once, and peers rely on that.
const { lookup } = dns;
dns.lookup = function (host, ...rest) {
  const [found] = rest;
  return host === HOST && typeof found === "function" ? found(null, HOST, 4) : lookup(host, ...rest);
};

process.env.PORT ??= process.env.STORE_PORT;
