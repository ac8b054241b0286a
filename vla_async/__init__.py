"""Vision-language-action policies on whole-body robots, without stop-and-go and without jerks.

The way of the data, one row an arrow (D joints, H steps, T tokens, Q queries, W latent width, N points):

| from, to                           | topic         | carries             | shape, unit               | rate [Hz] |
|------------------------------------|---------------|---------------------|---------------------------|-----------|
| task_server, all                   | task          | types.Task          | text                      | on change |
| vlm_reasoner, latent_buffer        | latent_update | types.Latent        | (T, W) and (Q, W) float16 | 1-3       |
| latent_buffer, action_generator    | latent        | types.Latent, kept  | (T, W) and (Q, W) float16 | 1-3       |
| action_generator, chunk_fuser      | action_chunk  | types.ActionChunk   | (H, D) rad or m           | 30        |
| chunk_fuser, hardware_bridge       | trajectory    | types.JointWindow   | 3 x (N, D) rad, rad/s ... | 50        |
| hardware_bridge, controllers       | by robot file | types.JointCommand  | (D,) rad or m             | 250       |
"""
