// Package wire is what the REST API reads and writes: one Go type for each JSON object, with the text of the reference
// beside each field. The OpenAPI document is made from these types.
package wire
