/* The public face of the client: the loop says whether libcurl or the simulator carries the calls.
 */

#include "runtime/net/client.h"

#include "runtime/loop/ops.h"

struct http_client *http_client_new(struct loop *loop, const struct http_client_options *options,
                                    struct error *err)
{
    const struct http_client_ops *ops = loop->ops->http_client;
    return (ops ? ops : &curl_client_ops)->client_new(loop, options, err);
}

void http_client_free(struct http_client *client)
{
    if (client)
        client->ops->client_free(client);
}

struct http_call *http_client_send(struct http_client *client,
                                   const struct http_call_options *options, http_done_fn *done,
                                   void *arg)
{
    return client->ops->send(client, options, done, arg);
}

void http_call_cancel(struct http_call *call)
{
    if (call)
        call->ops->cancel(call);
}

void http_client_set_internal(struct http_client *client, http_internal_fn *fn, void *arg)
{
    client->ops->set_internal(client, fn, arg);
}
