# The build that needs only what node-gyp needs: python3, make and a C++ compiler. CPU only; CMakeLists.txt is the
# full one. Both take the same sources by glob.
{
  "variables": {
    "sources_of": "const list = (d) => require('fs').readdirSync(d).filter((f) => f.endsWith('.cpp')).map((f) => d + '/' + f); console.log(process.argv.slice(1).flatMap(list).join(' '))"
  },
  "target_defaults": {
    "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-O2", "-std=gnu++17", "-std=gnu++20"],
    "cflags_cc": ["-std=c++17", "-O3", "-Wall", "-Wextra", "-fvisibility=hidden"],
    "cflags!": ["-O2"],
    "xcode_settings": {
      "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
      "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
      "GCC_OPTIMIZATION_LEVEL": "3"
    }
  },
  "targets": [
    {
      "target_name": "kernels_portable",
      "type": "static_library",
      "sources": ["<!@(node -e \"<(sources_of)\" native/cpp/cpu/kernels)"],
      "cflags_cc": ["-fno-math-errno", "-ffp-contract=fast", "-Wno-psabi"]
    },
    {
      "target_name": "scumble",
      "sources": ["<!@(node -e \"<(sources_of)\" native/cpp/core native/cpp/core/losses native/cpp/cpu native/cpp/cpu/ops native/cpp/node)"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=9", "NAPI_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED"],
      "dependencies": ["kernels_portable"],
      "conditions": [
        ["target_arch=='x64'", {
          "defines": ["SCUMBLE_X86"],
          "dependencies": ["kernels_avx2", "kernels_avx512", "kernels_avx512bf16"]
        }],
        ["target_arch=='arm64'", {
          "defines": ["SCUMBLE_ARM64"],
          "dependencies": ["kernels_neon"]
        }]
      ]
    }
  ],
  "conditions": [
    ["target_arch=='x64'", {
      "targets": [
        {
          "target_name": "kernels_avx2",
          "type": "static_library",
          "sources": ["<!@(node -e \"<(sources_of)\" native/cpp/cpu/kernels)"],
          "defines": ["SCUMBLE_ISA_AVX2"],
          "cflags_cc": ["-fno-math-errno", "-ffp-contract=fast", "-Wno-psabi", "-mavx2", "-mfma"],
          "xcode_settings": {"OTHER_CPLUSPLUSFLAGS": ["-mavx2", "-mfma"]}
        },
        {
          "target_name": "kernels_avx512",
          "type": "static_library",
          "sources": ["<!@(node -e \"<(sources_of)\" native/cpp/cpu/kernels)"],
          "defines": ["SCUMBLE_ISA_AVX512"],
          "cflags_cc": ["-fno-math-errno", "-ffp-contract=fast", "-Wno-psabi", "-mavx512f", "-mavx512vl", "-mavx512bw", "-mavx512dq", "-mfma"],
          "xcode_settings": {"OTHER_CPLUSPLUSFLAGS": ["-mavx512f", "-mavx512vl", "-mavx512bw", "-mavx512dq", "-mfma"]}
        },
        {
          "target_name": "kernels_avx512bf16",
          "type": "static_library",
          "sources": ["<!@(node -e \"<(sources_of)\" native/cpp/cpu/kernels)"],
          "defines": ["SCUMBLE_ISA_AVX512BF16"],
          "cflags_cc": ["-fno-math-errno", "-ffp-contract=fast", "-Wno-psabi", "-mavx512f", "-mavx512vl", "-mavx512bw", "-mavx512dq", "-mavx512bf16", "-mfma"],
          "xcode_settings": {"OTHER_CPLUSPLUSFLAGS": ["-mavx512f", "-mavx512vl", "-mavx512bw", "-mavx512dq", "-mavx512bf16", "-mfma"]}
        }
      ]
    }],
    ["target_arch=='arm64'", {
      "targets": [
        {
          "target_name": "kernels_neon",
          "type": "static_library",
          "sources": ["<!@(node -e \"<(sources_of)\" native/cpp/cpu/kernels)"],
          "defines": ["SCUMBLE_ISA_NEON"],
          "cflags_cc": ["-fno-math-errno", "-ffp-contract=fast", "-Wno-psabi", "-fno-schedule-insns"]
        }
      ]
    }]
  ]
}
