// Every family of endpoints through the official SDK for Node.js: prints what came, as one JSON object.
// Usage: node families.mjs BASE_URL KEY PICTURE SOUND
import fs from 'node:fs';
import OpenAI, { toFile } from 'openai';

const [baseURL, apiKey, picture, sound] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const messages = [{ role: 'user', content: 'What is 6 times 7? Only the number.' }];
const weather = {
  type: 'function',
  function: {
    name: 'weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};

async function streamed(stream, piece) {
  let text = '';
  for await (const event of stream) text += piece(event) ?? '';
  return text;
}

const families = {
  async chat() {
    const reply = await client.chat.completions.create({ model: 'local/chat', messages });
    return reply.choices[0].message.content;
  },
  async chatStream() {
    const stream = await client.chat.completions.create({
      model: 'local/chat',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    return streamed(stream, (chunk) => chunk.choices[0]?.delta.content);
  },
  async tools() {
    const reply = await client.chat.completions.create({
      model: 'local/chat',
      messages: [{ role: 'user', content: 'What is the weather in Oslo?' }],
      tools: [weather],
    });
    return JSON.parse(reply.choices[0].message.tool_calls[0].function.arguments).city;
  },
  async completions() {
    const reply = await client.completions.create({
      model: 'local/chat',
      prompt: 'What is 6 times 7? Only the number.',
    });
    return reply.choices[0].text.trim();
  },
  async responses() {
    const reply = await client.responses.create({
      model: 'local/chat',
      input: messages[0].content,
    });
    const again = await client.responses.retrieve(reply.id);
    return [reply.output_text, again.id === reply.id];
  },
  async responsesStream() {
    const stream = client.responses.stream({ model: 'local/chat', input: messages[0].content });
    const final = await stream.finalResponse();
    return final.output_text;
  },
  async embeddings() {
    const reply = await client.embeddings.create({ model: 'local/embed', input: ['a', 'b'] });
    return reply.data.map((row) => row.embedding.length);
  },
  async images() {
    const reply = await client.images.generate({
      model: 'local/image',
      prompt: 'a red circle',
      size: '256x256',
      response_format: 'b64_json',
    });
    return Buffer.from(reply.data[0].b64_json, 'base64').subarray(1, 4).toString();
  },
  async imageEdits() {
    const reply = await client.images.edit({
      model: 'local/image',
      prompt: 'make it grey',
      image: await toFile(fs.createReadStream(picture), 'a.png', { type: 'image/png' }),
      response_format: 'b64_json',
    });
    return Buffer.from(reply.data[0].b64_json, 'base64').subarray(1, 4).toString();
  },
  async speech() {
    const reply = await client.audio.speech.create({
      model: 'local/speak',
      voice: 'alloy',
      input: 'Hello there.',
      response_format: 'wav',
    });
    return Buffer.from(await reply.arrayBuffer())
      .subarray(0, 4)
      .toString();
  },
  async transcriptions() {
    const reply = await client.audio.transcriptions.create({
      model: 'local/transcribe',
      file: fs.createReadStream(sound),
    });
    return typeof reply.text;
  },
  async translations() {
    const reply = await client.audio.translations.create({
      model: 'local/transcribe',
      file: fs.createReadStream(sound),
    });
    return typeof reply.text;
  },
  async moderations() {
    const reply = await client.moderations.create({ input: 'I will hurt you, you idiot.' });
    return [reply.results[0].flagged, Object.keys(reply.results[0].categories).length];
  },
  async videos() {
    let video = await client.videos.create({
      model: 'local/video',
      prompt: 'waves',
      seconds: '1',
      size: '128x128',
    });
    while (!['completed', 'failed'].includes(video.status)) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      video = await client.videos.retrieve(video.id);
    }
    const content = await client.videos.downloadContent(video.id);
    const bytes = Buffer.from(await content.arrayBuffer());
    await client.videos.delete(video.id);
    return [video.status, bytes.subarray(4, 8).toString()];
  },
  async models() {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    const one = await client.models.retrieve('local/chat');
    return [ids.includes('local/embed'), one.id];
  },
  async errors() {
    try {
      await client.chat.completions.create({ model: 'no-such-model', messages });
    } catch (error) {
      return [error.constructor.name, error.status, error.code];
    }
  },
  async notOffered() {
    try {
      await client.files.list();
    } catch (error) {
      return [error.status, error.code];
    }
  },
};

const found = {};
for (const [name, ask] of Object.entries(families)) {
  try {
    found[name] = await ask();
  } catch (error) {
    found[name] = `failed: ${error.message}`;
  }
}
console.log(JSON.stringify(found));
