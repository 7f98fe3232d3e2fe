// Confirms orders by mail: one line of JSON comes in for each, one goes out that says what became of it.
"use strict";

const readline = require("node:readline");
const nodemailer = require("nodemailer");

const { SMTP_HOST, SMTP_PORT, SMTP_USER, SMTP_PASS, SMTP_FROM } = process.env;
const transport = nodemailer.createTransport({
  host: SMTP_HOST,
  port: Number(SMTP_PORT),
  requireTLS: true, // verified: Node.js reads NODE_EXTRA_CA_CERTS itself
  auth: { user: SMTP_USER, pass: SMTP_PASS },
});

async function confirm({ number, to }) {
  const letter = { from: SMTP_FROM, to, subject: `Order ${number}`, text: "Thank you. It is on its way." };
  try {
    const { accepted, rejected } = await transport.sendMail(letter);
    return { number, accepted, rejected };
  } catch (error) {
    return { number, code: error.code, reply: error.responseCode };
  }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await confirm(JSON.parse(line))));
  }
}

main();
