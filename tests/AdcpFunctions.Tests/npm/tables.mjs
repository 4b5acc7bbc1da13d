// Microsoft's own client over a table of ours: prints the rows of a partition as it reads them, then writes there.
import { AzureNamedKeyCredential, TableClient } from "@azure/data-tables";

const [endpoint, key, table, partition] = process.argv.slice(2);
const client = new TableClient(endpoint, table, new AzureNamedKeyCredential("devstoreaccount1", key), { allowInsecureConnection: true });

const rows = [];
for await (const row of client.listEntities({ queryOptions: { filter: `PartitionKey eq '${partition.replaceAll("'", "''")}'` } })) {
  const alone = await client.getEntity(partition, row.rowKey);
  const columns = Object.fromEntries(Object.entries(alone).filter(([, value]) => value instanceof Uint8Array).map(([name, value]) => [name, Buffer.from(value).toString("base64")]));
  rows.push({ rowKey: row.rowKey, etag: row.etag, etagAlone: alone.etag, columns, texts: Object.keys(alone).filter((name) => typeof alone[name] === "string").sort() });
}
console.log(JSON.stringify(rows));

const bytes = Uint8Array.from([0, 1, 2, 255]);
await client.createEntity({ partitionKey: partition, rowKey: "theirs it's ✓", body: bytes, note: "a text", count: 7 });
await client.submitTransaction([
  ["create", { partitionKey: partition, rowKey: "theirs 2", body: bytes, empty: new Uint8Array() }],
  ["update", { partitionKey: partition, rowKey: rows[0].rowKey, body: bytes }, "Replace", { etag: rows[0].etag }],
]);
