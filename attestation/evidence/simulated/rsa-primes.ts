/**
 * TEST ONLY: the RSA-4096 keys of the simulated AMD, in clear for everybody. Primes cannot be derived from a network's
 * seed in a reasonable time (docs/decisions/015-rsa-test-keys.md), and these protect nothing: what they sign says SIMULATED
 * in its names, carries a critical extension that says so, and is refused on mainnet in code.
 */

/** Both primes in hexadecimal, 2,048 bits each; the exponent is 65537. */
export const TEST_ONLY_RSA_PRIMES = {
  ark: {
    p: [
      'de5f1fcd0a2b211bb76abb02a297dfdac3dc10d71c591f45faf0e054a627980f900d15b919e6f3b1bfa2e9b7',
      'bb28d3c3f5207d79628cf8eb6979591566477f41f3568085d7dfae80bd899e432e6296571a6b1ae4417a7195',
      '82d4716f854f2ba06df8aabc1cfb1ac6fe1bf20f9e7d4a0cf07bebd0b665626073523d4bf41868c3900c84bb',
      'a823a616430e8bac1935346f899f306cec5513ee57d7ccb3337f3f5a1e5f2bc6f39fa14b3235c8bf66d7a92a',
      '3e02a6eb193f2d52ebc8b7ee11757a91e03e84da336a44f17fde8d19d37be0fc49ae954f4e95b020a15f30aa',
      '3143f81e8a83a8273c5421c7ce1667f4afeb437a87743b6d801688c48f63081ef4e95dc1',
    ].join(''),
    q: [
      'c171ccb845aee85f17a8aa3c020f7318569f39b9e97b45c7f20274299f3fb643262d018f13d1f4abdad9f72d',
      '4d864cb5e73686ebf50c1d2c1dcafe4dabb2bdd6d67a77d853908f01814e8b4c27efbc45ed8d11c543e91280',
      '8c1edbf982fbc9f900e2228910644524d33ecb94c6a79122e0e36911c4ad9fcbadf12948b08b280e1f8c6a2e',
      '18fe455ab5d1ba022968415ee4634011f1601675e33d0a769e383f30c7e1f34ea6095c4c4ca87be22eb6d5df',
      '8aa5d524b7d251ffcaa5e8a526b4a0c30a1e4abc3b094a97fc78417eeb33c42b6cb80c077e8eb0e42ffa2f31',
      '72f30efbe50e9b160c19d1e969cda563cf473a17b0aae280dd72ec081a2414f2467d0a7b',
    ].join(''),
  },
  ask: {
    p: [
      'f4213a4918d2e3c2dc1c49f648237f721d34a6a255d395cb4fb7c98697185c2bf753ee7eebad8b456133468f',
      '0b9d8e2036b6cf8cdbfb3d03ec46e8700c9cdc5eeceeb8f92aafa2bc2a76a4042368ab9cfebb9d5680e03618',
      '438a989909c16373109854b4f0136b9e529adc959d7a68c0de4a8293d277fb7258385c3f53e0a3214ae19204',
      '9903a5b0f4b7801f8288ec81babee7914667df2b57d948860bbc59fca988cc3fc3614c2badba7bee41904195',
      '39c4d66abe38a740fb1a8c0dde533454ed35f89a11de2e8b211a0cbdf8f5e5e7c8dda27259e1a968577030a0',
      'cae5c0a294f1b32e1b4a5c0e5ac4af6a36bfdf86f2ef2ed2edf8804e00af2ad5f5e6f431',
    ].join(''),
    q: [
      'b752a30868bc70e6dc0d07fcf880e5f188d6b9967777d95625f9742415b4fd294e4488cc2201062a940c6b9d',
      'e3ca4fef2a37004287436087b4bf8f4a1c61b4745faa29d38bb09ffeeca7f36dda26b6d463ed5988934c4388',
      '8d2cb3107c31d5f5b55d5455615f12f3d02e751294da747328a70b5733812ca7b9ecf27d2daa5468fd5fb9fa',
      '6c945440cbe8cec694584b823619750f43c80c5a521fc86c21a5901cb5142025b1dc57b6d7c8b2d42a694ccc',
      '30c3f4f14a90557118207eddd41e5536c8a8786b844573c2ef0b6d150f7018309262696014e40a11d020af9e',
      '1f60c4e10388515b7c9bff1eb3a506559ff25f5860c93493259a907c31d760f34924398f',
    ].join(''),
  },
} as const
