/* SPDX-License-Identifier: MIT */
/*
 * Parser for text/event-stream, fed with whatever pieces the network cut.
 * The page reads the stream with fetch rather than EventSource because only
 * then it can see a 401, choose where to resume and decide when to retry.
 */

export interface StreamEvent {
	id: string | null;
	kind: string;
	data: string;
}

/* An event larger than this is not one of ours; the stream is given up. */
const common = 4 * 1024 * 1024;

export class SseParser {
	private rest = "";
	private id: string | null = null;
	private kind = "";
	private data: string[] = [];

	constructor(
		private readonly emit: (ev: StreamEvent) => void,
		private readonly limit = common,
	) {}

	feed(text: string): void {
		const lines = (this.rest + text).split("\n");

		this.rest = lines.pop()!;
		if (this.rest.length > this.limit)
			throw new Error("event too large");
		for (const line of lines)
			this.line(line.endsWith("\r") ? line.slice(0, -1)
			    : line);
	}

	private line(line: string): void {
		if (line === "") {
			this.dispatch();
			return;
		}
		const colon = line.indexOf(":");
		const name = colon < 0 ? line : line.slice(0, colon);
		const value = colon < 0 ? "" : line.slice(colon + 1)
		    .replace(/^ /, "");
		if (name === "data")
			this.data.push(value);
		else if (name === "event")
			this.kind = value;
		else if (name === "id")
			this.id = value;
	}

	private dispatch(): void {
		const { data, kind } = this;

		this.data = [];
		this.kind = "";
		if (data.length > 0)
			this.emit({ id: this.id, kind: kind || "message",
			    data: data.join("\n") });
	}
}
