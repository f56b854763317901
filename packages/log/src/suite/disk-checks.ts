import type { Disk, DiskFile } from "../disk/disk.ts";
import { type SuiteCheck, suiteCheck } from "./check.ts";

/** A disk to be checked: empty, and not claimed. */
export interface DiskSubject {
  readonly disk: Disk;
}

const fill = (position: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (position + index) % 251);

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function same(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

/**
 * The acceptance suite that every disk must pass. It cannot cut the power: what only a power loss shows is tested on the memory disk.
 * Each check needs a subject of its own.
 */
export const DISK_CHECKS: readonly SuiteCheck<DiskSubject>[] = [
  suiteCheck("a created file is filled, has its length, and is listed", ({ disk }, { ok, must, pass }) => {
    disk.create(
      "a/one",
      1_500,
      fill,
      ok((file) => {
        must(file.bytes === 1_500, `the file has ${file.bytes} bytes`);
        must(file.path === "a/one", file.path);
        file.read(
          0,
          1_500,
          ok((bytes) => {
            must(same(bytes, fill(0, 1_500)), "the file is not filled as asked");
            disk.list(
              "a",
              ok((names) => {
                must(names.join() === "one", `listed: ${names.join()}`);
                pass();
              }),
            );
          }),
        );
      }),
    );
  }),
  suiteCheck("a folder that is not there has no names in it", ({ disk }, { ok, must, pass }) => {
    disk.list(
      "nowhere",
      ok((names) => {
        must(names.length === 0, names.join());
        pass();
      }),
    );
  }),
  suiteCheck("names are listed in order", ({ disk }, { ok, must, pass }) => {
    disk.create(
      "n/b",
      0,
      fill,
      ok(() => {
        disk.create(
          "n/c",
          0,
          fill,
          ok(() => {
            disk.create(
              "n/a",
              0,
              fill,
              ok(() => {
                disk.list(
                  "n",
                  ok((names) => {
                    must(names.join() === "a,b,c", names.join());
                    pass();
                  }),
                );
              }),
            );
          }),
        );
      }),
    );
  }),
  suiteCheck("an existing file is not created again, and stays as it is", ({ disk }, { ok, fails, must, pass }) => {
    disk.create(
      "one",
      10,
      fill,
      ok(() => {
        disk.create(
          "one",
          20,
          fill,
          fails("LOG_FAILED", () => {
            disk.open(
              "one",
              ok((file) => {
                must(file.bytes === 10, `the file has ${file.bytes} bytes now`);
                pass();
              }),
            );
          }),
        );
      }),
    );
  }),
  suiteCheck("a file that is not there is not opened", ({ disk }, { fails, pass }) => {
    disk.open("nothing", fails("LOG_FAILED", pass));
  }),
  suiteCheck("parts are written one after the other, also beyond the end", ({ disk }, { ok, must, pass }) => {
    disk.create(
      "one",
      8,
      fill,
      ok((file) => {
        file.write(
          6,
          [bytesOf("ab"), bytesOf(""), bytesOf("cde")],
          ok(() => {
            must(file.bytes === 11, `the file has ${file.bytes} bytes`);
            file.sync(
              ok(() => {
                file.read(
                  5,
                  100,
                  ok((bytes) => {
                    must(same(bytes, Uint8Array.of(5, ...bytesOf("abcde"))), "other bytes were read");
                    pass();
                  }),
                );
              }),
            );
          }),
        );
      }),
    );
  }),
  suiteCheck("what is written through is read back, also beyond the end", ({ disk }, { ok, must, pass }) => {
    disk.create(
      "one",
      8,
      fill,
      ok(() => {
        disk.open(
          "one",
          ok((file) => {
            file.writeThrough(
              6,
              bytesOf("abcde"),
              ok(() => {
                must(file.bytes === 11, `the file has ${file.bytes} bytes`);
                disk.open(
                  "one",
                  ok((again) => {
                    again.read(
                      5,
                      100,
                      ok((bytes) => {
                        must(same(bytes, Uint8Array.of(5, ...bytesOf("abcde"))), "other bytes were read");
                        pass();
                      }),
                    );
                  }),
                );
              }),
            );
          }),
        );
      }),
    );
  }),
  suiteCheck("a read at the end, and beyond it, gives what there is", ({ disk }, { ok, must, pass }) => {
    disk.create(
      "one",
      10,
      fill,
      ok((file) => {
        file.read(
          8,
          10,
          ok((bytes) => {
            must(same(bytes, Uint8Array.of(8, 9)), "not the last two bytes");
            file.read(
              50,
              10,
              ok((none) => {
                must(none.length === 0, "bytes beyond the end");
                pass();
              }),
            );
          }),
        );
      }),
    );
  }),
  suiteCheck("what was written by one handle is read by another", ({ disk }, { ok, must, pass }) => {
    disk.create(
      "one",
      4,
      fill,
      ok((file) => {
        file.write(
          0,
          [bytesOf("wxyz")],
          ok(() => {
            file.sync(
              ok(() => {
                file.close(
                  ok(() => {
                    disk.open(
                      "one",
                      ok((again: DiskFile) => {
                        again.read(
                          0,
                          4,
                          ok((bytes) => {
                            must(same(bytes, bytesOf("wxyz")), "other bytes were read");
                            again.close(ok(pass));
                          }),
                        );
                      }),
                    );
                  }),
                );
              }),
            );
          }),
        );
      }),
    );
  }),
  suiteCheck("a rename moves a file and replaces what stood there", ({ disk }, { ok, fails, must, pass }) => {
    disk.create(
      "x/new",
      3,
      fill,
      ok(() => {
        disk.create(
          "x/old",
          7,
          fill,
          ok(() => {
            disk.rename(
              "x/new",
              "x/old",
              ok(() => {
                disk.open(
                  "x/old",
                  ok((file) => {
                    must(file.bytes === 3, "the old file is still there");
                    disk.open("x/new", fails("LOG_FAILED", pass));
                  }),
                );
              }),
            );
          }),
        );
      }),
    );
  }),
  suiteCheck("a removed file is gone, and removing it again is no error", ({ disk }, { ok, must, pass }) => {
    disk.create(
      "r/one",
      3,
      fill,
      ok(() => {
        disk.remove(
          "r/one",
          ok(() => {
            disk.remove(
              "r/one",
              ok(() => {
                disk.list(
                  "r",
                  ok((names) => {
                    must(names.length === 0, names.join());
                    pass();
                  }),
                );
              }),
            );
          }),
        );
      }),
    );
  }),
  suiteCheck(
    "a folder is held once: the second is refused until the first gives it back",
    ({ disk }, { ok, fails, pass }) => {
      disk.claim(
        ok((release) => {
          disk.claim(
            fails("FOLDER_IN_USE", () => {
              release();
              claimUntilFree(
                disk,
                100,
                ok((again: () => void) => {
                  again();
                  pass();
                }),
              );
            }),
          );
        }),
      );
    },
  ),
];

/** Giving back may take some turns. */
function claimUntilFree(disk: Disk, attempts: number, done: (error: Error | null, release: () => void) => void): void {
  disk.claim((error, release) => {
    if (error?.code === "FOLDER_IN_USE" && attempts > 0) claimUntilFree(disk, attempts - 1, done);
    else done(error, release);
  });
}
