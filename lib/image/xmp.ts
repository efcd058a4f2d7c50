// The options travel as JSON in XMP in every format but PNG: unlike EXIF text it is UTF-8 by definition, and
// JPEG, WebP, TIFF and AVIF all have a place for it.

const NAMESPACE = 'urn:scumble:1';
const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** An XMP packet that names Scumble as the creator and holds `json`. */
export function toXmp(json?: string): string {
  const options =
    json === undefined
      ? ''
      : `<s:options>${json.replace(/[&<>]/g, (character) => ENTITIES[character]!)}</s:options>`;
  return (
    '<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>' +
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
    `<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:s="${NAMESPACE}">` +
    `<xmp:CreatorTool>Scumble</xmp:CreatorTool>${options}` +
    '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
  );
}

/** The JSON in a packet that `toXmp` made. */
export function fromXmp(packet: string): string | undefined {
  if (!packet.includes(NAMESPACE)) return undefined;
  const [, text] = /<s:options>([^<]*)<\/s:options>/.exec(packet) ?? [];
  return text?.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
}
