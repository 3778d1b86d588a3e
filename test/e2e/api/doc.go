// Package api is a small client of the REST API for tests and measurements. It knows the API from its documentation
// alone and shares no type with the server, so that a change of what goes over the wire shows.
package api
