// SPDX-License-Identifier: GPL-3.0-or-later
// npm's smtp-server in the endpoint's place. It accepts mail of those who logged in, and prints a line of each.
"use strict";
const { readFileSync } = require("node:fs");
const { SMTPServer } = require("smtp-server");

const state = JSON.parse(readFileSync("/etc/endpoint/state")); // a test writes it
const heard = (entry, line, ...words) => entry.tnx === "command" && console.log(line, ...words);

for (const [port, secure] of [[587, false], [465, true]]) {
  new SMTPServer({
    secure,
    key: readFileSync("/etc/endpoint/key.pem"),
    cert: readFileSync("/etc/endpoint/certificate.pem"),
    authMethods: state.mechanisms,
    hideSTARTTLS: !state.starttls,
    allowInsecureAuth: true, // to tempt
    disableReverseLookup: true,
    logger: { info: () => {}, debug: heard, error: () => {} },
    onAuth({ username, password }, _session, done) {
      const right = username === state.user && password === state.password;
      done(right ? null : new Error("Invalid username or password"), { user: username });
    },
    onMailFrom(_address, _session, done) {
      done(state.refuses ? Object.assign(new Error("Sender not allowed"), { responseCode: 550 }) : null);
    },
    onData(stream, session, done) {
      const parts = [];
      stream.on("data", (part) => parts.push(part));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        console.log("mail", JSON.stringify({
          port,
          user: session.user,
          tls: session.tlsOptions && session.tlsOptions.version,
          sender: mailFrom.address,
          recipients: rcptTo.map(({ address }) => address),
          text: Buffer.concat(parts).toString(),
        }));
        done();
      });
    },
  })
    .on("error", () => {}) // of a client that refuses the certificate
    .listen(port);
}
