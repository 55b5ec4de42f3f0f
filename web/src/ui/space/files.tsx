/* SPDX-License-Identifier: MIT */
/*
 * A list of files that differ, each of which opens to what differs in it.
 */

import { memo } from "preact/compat";
import { useId, useState } from "preact/hooks";
import type { Compared } from "../../space/ask.ts";
import { nameKey } from "../../space/name.ts";
import type { DiffFile } from "../../space/types.ts";
import { Diff } from "./diff.tsx";
import { Counts, Name } from "./text.tsx";

interface ListProps {
	tree: string;
	what: Compared;
	files: DiffFile[];
	sideBySide: boolean;
}

/* The letters that git has for them. */
const letters: Record<string, string> = {
	added: "A", copied: "C", deleted: "D", modified: "M", renamed: "R",
	type: "T", conflict: "U", untracked: "?",
};

export function FileList({ files, ...rest }: ListProps) {
	return (
		<ul class="files">
			{files.map((f) => (
				<File key={`${f.status === "untracked" ? "?" : ""}` +
				    nameKey(f.path, f.path_base64)} file={f} {...rest} />
			))}
		</ul>
	);
}

const File = memo(({ file, tree, what, sideBySide }: {
	file: DiffFile; tree: string; what: Compared; sideBySide: boolean;
}) => {
	const [open, setOpen] = useState(false);
	const id = useId();

	return (
		<li class="file" data-status={file.status} data-path={file.path}>
			<h3>
				<button type="button" aria-expanded={open}
				    aria-controls={id} onClick={() => setOpen(!open)}>
					<span class="letter" role="img" title={file.status}
					    aria-label={file.status}>
						{letters[file.status] ?? "·"}</span>
					<span class="names">
						{file.old_path !== undefined && <>
							<Name text={file.old_path}
							    coded={file.old_path_base64} />
							<span class="aside">{" → "}</span>
						</>}
						<Name text={file.path}
						    coded={file.path_base64} />
						{file.run_by !== undefined &&
						    <span class="runs"
						        title="without being told to">
							{` run by ${file.run_by}`}</span>}
					</span>
					{file.binary ? <span class="aside">binary</span>
					    : <Counts added={file.added}
					        removed={file.removed} />}
				</button>
			</h3>
			<div id={id} class="differs">
				{open && <Diff tree={tree} what={what} file={file}
				    sideBySide={sideBySide} />}
			</div>
		</li>
	);
});
