// Runs Azurite's table service until whoever started it is gone, also when that was killed.
process.stdin.on("end", () => process.exit(0)).resume();
await import("azurite/dist/src/table/main.js");
