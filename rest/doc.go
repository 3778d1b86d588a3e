// Package rest is the REST edge: it reads requests strictly, finds out who calls and what they may do, asks the
// services through their interfaces, and renders answers and problems. It holds no rules of the trade and no state but
// the rate limits.
//
// Every operation is one line of a table (operation.go) with its scopes, its codes and its examples; the OpenAPI document
// is made from the same lines, so it cannot say anything else than the handler does (openapi_test.go drives all of it).
package rest
